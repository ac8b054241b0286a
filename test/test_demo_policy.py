"""The policy that comes with the package does what it is told, in virtual time."""
from __future__ import annotations

import pytest

from vla_async import checkpoints, embodiment
from vla_async.acting.policy import Policy, load_policy
from vla_async.sim.evaluate import EvaluateOptions, evaluate_episode
from vla_async.sim.tasks import OTHERWISE

ROBOT = embodiment.load('astribot_s1')
SEEDS = (40, 41, 42)  # of scenes that no demonstration shows


@pytest.fixture(scope='module')
def policy() -> Policy:
    return load_policy(checkpoints.find(checkpoints.default('astribot_s1', 'touch')), ROBOT)


@pytest.mark.slow
@pytest.mark.parametrize('asked', [None, OTHERWISE])
def test_it_touches_the_object_that_the_instruction_names_in_most_scenes(policy: Policy, asked: str | None):
    options = EvaluateOptions(instruction=asked, time_limit_s=6.0)
    facts = [evaluate_episode(ROBOT, 'touch', seed, policy, options).facts for seed in SEEDS]
    assert sum(episode.success and episode.correct_target for episode in facts) >= 2


def test_its_folder_is_small_enough_to_be_kept_in_the_repository():
    folder = checkpoints.find(checkpoints.default('astribot_s1', 'touch'))
    assert sum(path.stat().st_size for path in folder.rglob('*')) < 60_000_000
