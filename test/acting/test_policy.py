from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from vla_async import embodiment
from vla_async.acting.policy import load_policy, load_reasoner
from vla_async.acting.policy_spec import PolicySpec
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError, VlaAsyncError
from vla_async.training.initialise import initialise


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / 'copy')


def edit(folder: Path, **changes: object) -> None:
    data = json.loads((folder / 'policy.json').read_text())
    (folder / 'policy.json').write_text(json.dumps({**data, **changes}))


def test_what_is_saved_is_loaded(folder: Path, tmp_path: Path) -> None:
    spec = PolicySpec.load(folder)
    spec.save(tmp_path)
    assert (tmp_path / 'policy.json').read_text() == (folder / 'policy.json').read_text()


def test_a_checkpoint_of_another_robot_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match='astribot_s1, not for so101'):
        load_policy(folder, dataclasses.replace(embodiment.load('astribot_s1'), name='so101'))


def test_another_joint_order_is_refused_and_the_joint_named(copy: Path, robot: Embodiment) -> None:
    names = list(robot.joint_names)
    names[7], names[8] = names[8], names[7]
    edit(copy, joints=names)
    with pytest.raises(CheckpointError, match='joint 7 is left_arm_2 there and left_arm_1 here'):
        load_policy(copy, robot)


def test_a_camera_that_the_robot_lacks_is_named(copy: Path, robot: Embodiment) -> None:
    edit(copy, cameras={'belly': [10, 10]})
    with pytest.raises(CheckpointError, match='belly'):
        load_policy(copy, robot)


@pytest.mark.parametrize('name', ['policy.json', 'expert.safetensors', 'reasoner/config.json'])
def test_missing_files_are_named(copy: Path, robot: Embodiment, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=Path(name).name):
        load_policy(copy, robot)


@pytest.mark.parametrize('changes', [{'horizon': 0}, {'horizon': 33}, {'noise_scale': -1}, {'normalisation': {}},
                                     {'expert': {'layers': 9}}, {'format': 99}, {'surprise': 1}, {'joints': 3}])
def test_a_malformed_policy_file_is_refused(copy: Path, robot: Embodiment, changes: dict[str, object]) -> None:
    edit(copy, **changes)
    with pytest.raises(CheckpointError, match=r'policy\.json'):
        load_policy(copy, robot)


def test_weights_of_another_shape_are_refused(copy: Path, robot: Embodiment) -> None:
    data = json.loads((copy / 'policy.json').read_text())
    edit(copy, expert={**data['expert'], 'width': 128})
    with pytest.raises(CheckpointError, match=r'expert\.safetensors'):
        load_policy(copy, robot)


def test_an_unknown_kind_lists_the_known_ones(copy: Path, robot: Embodiment) -> None:
    edit(copy, kind='telepathy')
    with pytest.raises(VlaAsyncError, match='telepathy'):
        load_policy(copy, robot)


def test_a_folder_that_is_not_there_is_named(robot: Embodiment, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match='nowhere'):
        load_policy(tmp_path / 'nowhere', robot)


def test_the_reasoner_reads_the_main_camera_of_the_robot_that_the_policy_is_for(tmp_path: Path) -> None:
    robot = embodiment.load('so101')
    folder = initialise(tmp_path / 'arm', robot, 'tiny')
    assert load_policy(folder, robot).reasoner.camera == load_reasoner(folder, robot).camera == 'overhead'
