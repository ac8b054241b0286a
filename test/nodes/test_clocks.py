"""Two clocks are read at one instant, also when the thread has to wait in between."""
import time

from vla_async.nodes.clocks import APART_NS, ReceiptTimes, one_instant


def test_a_thread_that_waits_between_the_readings_reads_again():
    pauses_s = [0.01, 0.01, *[0.0] * 9]

    def slow_clock():
        told_ns = time.monotonic_ns() + 10**18
        if pause_s := pauses_s.pop(0):  # the shortest sleep takes longer than two readings may be apart
            time.sleep(pause_s)
        return told_ns
    now_ns, steady_ns = one_instant(slow_clock)
    assert len(pauses_s) < 9
    assert abs(now_ns - 10**18 - steady_ns) <= APART_NS


class Told:
    """A clock that shows what it is told; simulated from the start, as a node's is that follows /clock."""

    ros_time_is_active = True

    def __init__(self):
        self.nanoseconds = 0

    def now(self):
        return self


def test_times_of_the_machine_become_those_of_the_node_once_somebody_tells_these():
    clock = Told()
    times = ReceiptTimes(clock)
    assert not times.look()
    clock.nanoseconds, before_ns = 10**18, time.time_ns()
    assert times.look()
    spent_ns = time.time_ns() - before_ns
    assert 10**18 <= times.of(before_ns + 10**9) - 10**9 + spent_ns <= 10**18 + 2 * spent_ns
    assert times.of(before_ns - 10**9) == 10**18  # nothing came before the time began
