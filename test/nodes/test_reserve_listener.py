"""A bridge that stood still goes on from the last word of its reserve, however much else it has to read first."""
from types import SimpleNamespace

import numpy as np
import pytest
from vla_async_msgs.msg import JointSetPoint

from vla_async.nodes import reserve_listener
from vla_async.nodes.conversions import SetPointMessage
from vla_async.nodes.reserve_listener import LONG_PATIENCE_NS, PATIENCE_NS, ReserveListener
from vla_async.timebase import NS_PER_MS, NS_PER_S
from vla_async.types import JointCommand

NOW_NS = 1_700_000_000 * NS_PER_S
STOOD_NS = 200 * NS_PER_MS
PERIOD_NS = 6 * NS_PER_MS
LAST = SimpleNamespace(now_ns=NOW_NS - STOOD_NS, steady_ns=NS_PER_S - STOOD_NS)  # the bridge's last tick


def word(ago_ms: float, velocity: float = 0.5) -> JointSetPoint:
    """What a reserve said `ago_ms` before now [ms]."""
    message, row = SetPointMessage(2), np.full(2, velocity)
    command = JointCommand(NOW_NS - round(ago_ms * NS_PER_MS), np.zeros(2), row, np.zeros(2))
    return message.of(command, command.stamp_ns, 0, 'stopping', '', late=False, latched=False)


class Line:
    """Time that passes only in sleeps, and what is there to be read after each of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: list[JointSetPoint], gap_s: float = 0.5) -> None:
        self.passed_ns, self._looks = 0, iter(looks)
        monkeypatch.setattr(reserve_listener, 'time', SimpleNamespace(
            monotonic_ns=lambda: NS_PER_S + self.passed_ns, sleep=self._sleep))
        node = SimpleNamespace(
            robot=SimpleNamespace(rates=SimpleNamespace(command_hz=250.0)), now_ns=lambda: NOW_NS + self.passed_ns,
            count_publishers=lambda name: 1,
            poll=lambda topic, depth: SimpleNamespace(
                drain=lambda: [SimpleNamespace(message=said) for said in next(self._looks, [])]))
        self._listener = ReserveListener(node, gap_s)

    def since(self, believes=lambda said, steady_ns: True) -> float | None:
        """How long before now the word was said that the bridge goes on from [ms]."""
        said = self._listener.since(LAST, believes)
        return None if said is None else (NOW_NS - said.stamp_ns) / NS_PER_MS

    def _sleep(self, seconds: float) -> None:
        self.passed_ns += round(seconds * NS_PER_S)


def test_a_word_of_just_now_is_the_last_one(monkeypatch):
    line = Line(monkeypatch, [word(10.0), word(4.0)])
    assert line.since() == 4.0
    assert line.passed_ns == 0


def test_a_word_of_motion_that_waited_to_be_read_is_not_the_last_one(monkeypatch):
    assert Line(monkeypatch, [word(86.0), word(80.0)], [], [word(8.0)], [word(2.0)]).since() == 8.0


def test_what_comes_out_of_order_is_passed_over(monkeypatch):
    line = Line(monkeypatch, [word(80.0), word(90.0)], [word(85.0)], [word(60.0)], [word(8.0), word(14.0)])
    assert line.since() == 8.0


def test_a_word_of_rest_is_the_last_one_however_old_it_is(monkeypatch):
    line = Line(monkeypatch, [word(156.0, velocity=0.1), word(150.0, velocity=0.0)])
    assert line.since() == 150.0
    assert line.passed_ns == 0


def test_a_reserve_that_fell_silent_in_motion_is_not_waited_for_long(monkeypatch):
    line = Line(monkeypatch, [word(80.0)])
    assert line.since() == 80.0
    assert PATIENCE_NS < line.passed_ns < 2 * PATIENCE_NS


@pytest.mark.parametrize(('gap_s', 'patience_ns'), [(0.5, PATIENCE_NS), (0.1, LONG_PATIENCE_NS)])
def test_a_reserve_that_says_nothing_is_waited_for_where_the_robot_has_stopped_already(monkeypatch, gap_s, patience_ns):
    line = Line(monkeypatch, gap_s=gap_s)
    assert line.since() is None
    assert patience_ns < line.passed_ns < 2 * patience_ns


@pytest.mark.parametrize('bad', [-10_000.0, 10_000.0, STOOD_NS / NS_PER_MS])
def test_bad_words_and_those_of_before_the_standstill_hide_no_good_one(monkeypatch, bad):
    def believes(said, steady_ns):
        return said.stamp_ns <= NOW_NS + NS_PER_S
    assert Line(monkeypatch, [word(bad), word(5.0), word(bad)]).since(believes) == 5.0
    assert Line(monkeypatch, [word(bad)], [word(5.0)]).since(believes) == 5.0
