"""Bags that are damaged or were made to do harm: read, or refused by name."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import BagWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vla_async import embodiment
from vla_async.errors import DataError
from vla_async.replay.bag import messages, open_bag, sent_messages
from vla_async.replay.bag_episodes import TOPICS, read_episodes
from vla_async.timebase import NS_PER_S as S

ROBOT = embodiment.load('so101')
MS = 10**6
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = {'action_chunk': 'ActionChunk', 'joint_set_point': 'JointSetPoint', 'latent': 'Latent', 'task': 'Task',
         'fusion_status': 'FusionStatus', 'simulation_status': 'SimulationStatus'}
FITTING: dict[str, dict[str, Any]] = {
    'action_chunk': {'joint_names': list(ROBOT.joint_names), 'positions': np.zeros(2 * ROBOT.dof)},
    'joint_set_point': {name: np.zeros(ROBOT.dof) for name in ('position', 'velocity', 'acceleration')}}


def write(folder: Path, *changes: tuple[str, dict[str, Any]]) -> Path:
    """A bag with one message of each kind and one of each change; the changes name topics."""
    with BagWriter(folder) as bag:
        bag.write('/task', 'vla_async_msgs/msg/Task', S, header=bag.header(S), id=1, instruction='go')
        for i, (topic, fields) in enumerate([*((topic, {}) for topic in KINDS if topic != 'task'), *changes]):
            now_ns = S + i * 10 * MS
            bag.write(f'/{topic}', f'vla_async_msgs/msg/{KINDS[topic]}', now_ns,
                      **{'header': bag.header(now_ns), **FITTING.get(topic, {}), **fields})
    return folder


def most_read(bag: Path) -> int:
    """Reads bags in every way; returns the largest count of messages, raises whatever is not a DataError."""
    counts = [0]
    with suppress(DataError):
        read_episodes(bag, ROBOT)
    with suppress(DataError):
        counts.append(sum(1 for _ in sent_messages(bag, *TOPICS)))
    with suppress(DataError), open_bag(bag) as reader:
        counts.append(sum(1 for _ in messages(reader, *TOPICS)))
    return max(counts)


def test_a_bag_that_fits_is_read(tmp_path: Path) -> None:
    (episode,) = read_episodes(write(tmp_path / 'bag'), ROBOT)
    assert len(episode.trace.chunks) == len(episode.trace.set_points) == 1


@pytest.mark.parametrize(('topic', 'fields'), [
    ('action_chunk', {'positions': np.zeros(7)}), ('action_chunk', {'positions': np.zeros(3 * ROBOT.dof)}),
    ('action_chunk', {'sequence': 2**64 - 1}), ('action_chunk', {'joint_names': ['tail']}),
    ('joint_set_point', {'position': np.zeros(7)}), ('joint_set_point', {'velocity': np.zeros(0)}),
    ('fusion_status', {'sequence': 2**64 - 1}), ('latent', {'sequence': 2**64 - 1}),
])
def test_what_no_node_sends_is_refused(tmp_path: Path, topic: str, fields: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read_episodes(write(tmp_path / 'bag', (topic, fields)), ROBOT)


@FEW
@given(at=st.floats(0, 1, exclude_max=True), value=st.binary(min_size=1, max_size=12))
def test_a_bag_with_other_bytes_somewhere_is_read_or_refused(tmp_path_factory, at: float, value: bytes) -> None:
    bag = write(tmp_path_factory.mktemp('bags') / 'bag')
    (path,) = bag.glob('*.mcap')
    data = bytearray(path.read_bytes())
    start = int(at * len(data))
    data[start:start + len(value)] = value
    path.write_bytes(data)
    assert most_read(bag) <= len(KINDS)


@FEW
@given(share=st.floats(0, 1))
def test_a_bag_that_was_cut_off_is_read_or_refused(tmp_path_factory, share: float) -> None:
    bag = write(tmp_path_factory.mktemp('bags') / 'bag')
    (path,) = bag.glob('*.mcap')
    path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])
    assert most_read(bag) <= len(KINDS)


def test_a_bag_cannot_make_yaml_run_code(tmp_path: Path) -> None:
    bag, mark = write(tmp_path / 'bag'), tmp_path / 'mark'
    (bag / 'metadata.yaml').write_text(f'!!python/object/apply:os.mkdir [{str(mark)!r}]\n')
    with pytest.raises(DataError, match='not a readable bag'):
        read_episodes(bag, ROBOT)
    assert not mark.exists()
