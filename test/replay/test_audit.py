"""An audit tells what a bag holds and lacks."""
import pytest
from fakes import BagWriter

from vla_async.errors import DataError
from vla_async.replay.audit import BATCH, Durations, audit_bag

S, MS = 10**9, 10**6
EXACT = 0.01
TASK = 'vla_async_msgs/msg/Task'


@pytest.fixture
def audit(tmp_path):
    """Of a bag with a task each 100 ms, one of which is missing, received 5 ms after their stamps."""
    with BagWriter(tmp_path / 'bag') as bag:
        for i in range(100):
            if i != 50:
                bag.write('/task', TASK, S + i * 100 * MS, header=bag.header(S + i * 100 * MS - 5 * MS))
        bag.write('/plain', 'builtin_interfaces/msg/Time', 3 * S)
    return audit_bag(tmp_path / 'bag')


def test_it_counts_messages_and_measures_the_gaps_between_them(audit):
    task = audit['topics']['/task']
    assert task['messages'] == 99
    assert task['rate_hz'] == pytest.approx(98 / 9.9)
    assert task['gap_ms']['p50'] == pytest.approx(100, rel=EXACT)
    assert task['gap_ms']['max'] == 200
    assert (task['first_s'], task['last_s'], audit['duration_s']) == (0, 9.9, 9.9)


def test_latency_is_measured_from_the_stamp_where_there_is_one(audit):
    assert audit['topics']['/task']['latency_ms']['p99'] == pytest.approx(5, rel=EXACT)
    assert audit['topics']['/plain']['latency_ms'] is None


def test_one_message_has_no_rate_and_no_gap(audit):
    plain = audit['topics']['/plain']
    assert (plain['messages'], plain['rate_hz'], plain['gap_ms'], plain['first_s']) == (1, None, None, 2)


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='nothing: no MCAP file'):
        audit_bag(tmp_path / 'nothing')


def test_durations_are_counted_however_many_come():
    durations = Durations()
    for i in range(2 * BATCH + 1):
        durations.add(i * MS)
    summary = durations.summary_ms()
    assert summary['p50'] == pytest.approx(BATCH, rel=EXACT)
    assert summary['max'] == 2 * BATCH
    durations.add(-5 * MS)  # clocks that disagree
    assert durations.summary_ms()['max'] == 2 * BATCH
    assert Durations().summary_ms() is None
