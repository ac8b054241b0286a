"""What is kept of a failed run can be opened by itself."""
import pytest

from vla_async.bench.faults.evidence import BEFORE_NS, Evidence, folder_of
from vla_async.bench.faults.kinds import FAULTS
from vla_async.replay.audit import audit_bag
from vla_async.replay.bag_writer import BagWriter, Channel

MS = 10**6
BEGIN_NS = 100_000 * MS
POINT = Channel('/point', 'demo_msgs/msg/Point', 'float64 x\n', '[]\n')


@pytest.fixture
def logs(tmp_path):
    (tmp_path / 'logs').mkdir()
    (tmp_path / 'logs/bridge.log').write_text('before\n')
    return tmp_path / 'logs'


@pytest.fixture
def bag(tmp_path):
    """A message every 100 ms for 20 s about the run's begin."""
    writer = BagWriter(tmp_path / 'bag', {}, compress=True)
    point = writer.channel(POINT)
    for ms in range(-10_000, 10_000, 100):
        writer.write(point, BEGIN_NS + ms * MS, 0, bytes(12))
    writer.flush()
    yield tmp_path / 'bag'
    writer.close()


def test_the_bag_is_kept_from_shortly_before_the_run_to_its_end_with_what_was_written_meanwhile(tmp_path, logs, bag):
    evidence = Evidence(logs)
    with (logs / 'bridge.log').open('a') as log:
        log.write('killed\n')
    (logs / 'fuser.log').write_text('begun\n')
    folder = evidence.keep([bag], BEGIN_NS, tmp_path / 'failed/kill_1')
    audit = audit_bag(folder)
    assert audit['start_ns'] == BEGIN_NS - BEFORE_NS
    assert audit['messages'] == 150
    assert {log.name: log.read_text() for log in (folder / 'logs').iterdir()} == {
        'bridge.log': 'killed\n', 'fuser.log': 'begun\n'}


def test_what_an_earlier_campaign_kept_of_the_same_run_goes(tmp_path, logs, bag):
    folder = tmp_path / 'failed/kill_1'
    (folder / 'logs').mkdir(parents=True)
    (folder / 'kill_1_7.mcap').write_text('old')
    Evidence(logs).keep([bag], BEGIN_NS, folder)
    assert sorted(path.name for path in folder.iterdir()) == ['kill_1_0.mcap', 'logs', 'metadata.yaml']


def test_without_a_recorder_the_logs_are_kept(tmp_path, logs):
    assert [path.name for path in Evidence(logs).keep([], BEGIN_NS, tmp_path / 'failed/x_0').iterdir()] == ['logs']


def test_every_fault_has_a_folder_of_its_own_with_a_plain_name(tmp_path):
    folders = {folder_of(tmp_path, fault.name, 3) for fault in FAULTS}
    assert len(folders) == len(FAULTS)
    assert tmp_path / 'failed/stop_button_all_other_nodes_stand_still_3' in folders
    assert all(' ' not in folder.name and folder.parent == tmp_path / 'failed' for folder in folders)
