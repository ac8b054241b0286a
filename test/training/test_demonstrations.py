"""Demonstrations: every episode from its seed, training seeds only, resumable."""
from __future__ import annotations

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.datasets.lerobot_dataset import Dataset
from vla_async.errors import ConfigError
from vla_async.training import demonstrations, disturbance
from vla_async.training.rollout import Simulation, demonstrate

ROBOT = embodiment.load('astribot_s1')


def test_seeds_of_tests_and_evaluation_are_refused(tmp_path):
    with pytest.raises(ConfigError, match='training seeds begin at 100000, got 42'):
        demonstrations.record(tmp_path, 'astribot_s1', 'touch', 10, first_seed=42)


def test_shards_cover_every_seed_once():
    recipe = demonstrations.Recipe('astribot_s1', 'touch', 60, 100_000)
    seeds = [seed for _, seeds in recipe.shards() for seed in seeds]
    assert seeds == list(range(100_000, 100_060))
    assert [number for number, _ in recipe.shards()] == [0, 1, 2]


def test_a_disturbance_follows_from_its_seed_and_starts_within_the_limits():
    for seed in range(50):
        drawn = [disturbance.draw(np.random.default_rng(seed), ROBOT, 'left') for _ in range(2)]
        np.testing.assert_array_equal(drawn[0].start, drawn[1].start)
        assert (drawn[0].start >= ROBOT.array('lower')).all()
        assert (drawn[0].start <= ROBOT.array('upper')).all()


def test_a_part_of_the_episodes_begins_where_another_task_has_brought_the_robot():
    busy = [disturbance.draw(np.random.default_rng(seed), ROBOT, 'left').busy_s for seed in range(300)]
    assert np.count_nonzero(busy) / 300 == pytest.approx(disturbance.BUSY_SHARE, abs=0.06)


def test_such_an_episode_begins_there_at_rest():
    simulation, seed = Simulation.make(ROBOT, 'touch'), 100_000
    while (drawn := disturbance.draw(np.random.default_rng([seed, 1]), ROBOT, 'left')).busy_s < 2.0 or drawn.pushes:
        seed += 1
    shown = demonstrate(simulation, seed)
    assert shown.success
    assert shown.notes['busy_s'] == drawn.busy_s
    moved = np.abs(shown.vectors['observation.state'][0] - ROBOT.array('home'))
    assert moved.max() > 0.4, 'further than any disturbance of the start'
    assert np.abs(shown.vectors['observation.velocity'][0]).max() < 0.05


def test_a_push_swells_and_fades():
    push = disturbance.Push(1.0, 0.5, np.array([0.4]))
    assert [float(push.at(t)[0]) for t in (0.9, 1.0, 1.25, 1.5)] == pytest.approx([0.0, 0.0, 0.4, 0.0])


def test_recorded_demonstrations_are_successes_that_end_at_rest(tmp_path):
    recipe = demonstrations.Recipe('astribot_s1', 'touch', 2, 100_000)
    demonstrations.record_shard(tmp_path, recipe, 0, range(100_000, 100_002))
    count = demonstrations.record(tmp_path, 'astribot_s1', 'touch', 2)  # finds the shard done
    dataset = Dataset(tmp_path)
    assert count == len(dataset.episodes) >= 1
    for episode in dataset.episodes:
        rows = slice(episode.start, episode.stop)
        actions = dataset.numeric['action'][rows]
        assert np.abs(np.diff(actions[-10:], axis=0)).max() < 0.01
        assert dataset.numeric['privileged.target_pixel'][rows].min() >= 0.0
        assert dataset.numeric['privileged.target_pixel'][rows].max() <= 1.0
        assert dataset.frames(episode.index, 'head').std() > 5


def test_a_folder_of_another_recipe_is_not_mixed_up(tmp_path):
    demonstrations._check_provenance(tmp_path, demonstrations.Recipe('astribot_s1', 'touch', 5, 100_000))
    demonstrations._check_provenance(tmp_path, demonstrations.Recipe('astribot_s1', 'touch', 9, 100_000))
    with pytest.raises(ConfigError, match='first_seed 100000, not 200000'):
        demonstrations.record(tmp_path, 'astribot_s1', 'touch', 5, first_seed=200_000)
