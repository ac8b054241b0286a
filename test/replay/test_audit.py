"""An audit tells what a bag holds and lacks."""
import numpy as np
import pytest
from fakes import BagWriter

from vla_async.errors import DataError
from vla_async.replay.audit import audit_bag
from vla_async.replay.histogram import RESOLUTION, Durations

S, MS = 10**9, 10**6
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
    assert task['gap_ms']['p50'] == pytest.approx(100, rel=RESOLUTION)
    assert task['gap_ms']['max'] == 200
    assert (task['first_s'], task['last_s'], audit['duration_s']) == (0, 9.9, 9.9)


def test_latency_is_measured_from_the_stamp_where_there_is_one(audit):
    assert audit['topics']['/task']['latency_ms']['p99'] == pytest.approx(5, rel=RESOLUTION)
    assert audit['topics']['/plain']['latency_ms'] is None


def test_one_message_has_no_rate_and_no_gap(audit):
    plain = audit['topics']['/plain']
    assert (plain['messages'], plain['rate_hz'], plain['gap_ms'], plain['first_s']) == (1, None, None, 2)


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='nothing: no MCAP file'):
        audit_bag(tmp_path / 'nothing')


def test_percentiles_are_those_of_the_values_within_the_resolution():
    values, durations = np.random.default_rng(0).lognormal(15, 2, 2000).astype(int), Durations()
    for value in values:
        durations.add(int(value))
    summary = durations.summary_ms()
    for key, percent in (('p50', 50), ('p99', 99)):
        exact = np.percentile(values, percent, method='inverted_cdf') / MS
        assert summary[key] == pytest.approx(exact, rel=RESOLUTION)
    assert summary['max'] == values.max() / MS


def test_durations_beyond_the_range_count_at_its_ends():
    durations = Durations()
    for value in (-5, 0, 10**15):
        durations.add(value)
    assert durations.summary_ms()['p50'] < 0.01
    assert durations.summary_ms()['max'] == 1e9
