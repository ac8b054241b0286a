"""A stop button outside: its stop lasts, and its silence counts where a heartbeat is asked for."""
import pytest

from vla_async.bridge.stop_signal import StopSignal

S = 1_000_000_000
T0 = 10**18


def test_a_stop_remains_one_when_the_clock_is_set() -> None:
    signal = StopSignal(0.0, 0.5)
    signal.hear(T0, True, 'button')
    signal.forget()
    assert signal.fault(T0 - 3600 * S) == 'stop signal: button'


def test_a_heartbeat_from_before_the_clock_was_set_is_none() -> None:
    signal = StopSignal(0.5, 0.5)
    signal.hear(T0, False, '')
    assert signal.fault(T0) == ''
    signal.forget()
    assert signal.fault(T0) == 'stop signal: none has come'


@pytest.mark.parametrize(('ahead_s', 'fault'), [
    (0.4, ''), (10.0, 'stop signal: stamped 10.0 s in the future: the clocks differ')])
def test_a_heartbeat_stamped_ahead_is_none(ahead_s: float, fault: str) -> None:
    signal = StopSignal(0.5, 0.5)
    signal.hear(T0 + round(ahead_s * S), False, '')
    assert signal.fault(T0) == fault
