"""The touch task: what is drawn, what an instruction means, and how an episode is judged."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_async.errors import ConfigError
from vla_async.sim import tasks
from vla_async.sim.scene import Scene, SceneObject
from vla_async.sim.tasks import instruction as words
from vla_async.sim.tasks import touch

HANDS = ('left', 'right')
THINGS = (
    SceneObject('red cube', 'red', 'cube', 0.02, (0.6, 0.2, 0.77), 0.0),
    SceneObject('blue ball', 'blue', 'ball', 0.02, (0.6, -0.2, 0.77), 0.0),
    SceneObject('green ball', 'green', 'ball', 0.02, (0.8, 0.0, 0.77), 0.0),
)


def draw(seed: int, instruction: str | None = None, robot: str = 'astribot_s1') -> Scene:
    return touch.TouchTask().draw(np.random.default_rng(seed), seed, instruction, robot)


class Watched:
    """A world in which the test sets the distances."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.time_s = 0.0
        self.distances = {o.name: 0.5 for o in scene.objects}
        self.touching: set[str] = set()

    def hand_distance(self, hand: str, name: str) -> float:
        assert hand == self.scene.hand
        return self.distances[name]

    def touched(self) -> set[str]:
        return self.touching

    def object_position(self, name: str) -> np.ndarray:
        return np.array(self.scene.object(name).position)


@pytest.fixture
def world() -> Watched:
    return Watched(Scene(0, 'touch the red cube with your left hand', 'left', 'red cube', THINGS))


def test_a_scene_follows_from_its_seed():
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


@pytest.mark.parametrize('seed', range(60))
def test_objects_are_three_to_five_of_different_colours_with_a_gap_between(seed):
    scene = draw(seed)
    assert 3 <= len(scene.objects) <= 5
    assert len({o.colour for o in scene.objects}) == len(scene.objects)
    for i, a in enumerate(scene.objects):
        for b in scene.objects[:i]:
            assert np.hypot(a.position[0] - b.position[0], a.position[1] - b.position[1]) >= 0.10


@pytest.mark.parametrize('seed', range(60))
def test_a_drawn_instruction_means_the_drawn_hand_and_target(seed):
    scene = draw(seed)
    assert words.parse(scene.instruction, scene.objects, HANDS) == (scene.hand, scene.target)


def test_both_hands_and_reaches_across_the_body_occur():
    scenes = [draw(seed) for seed in range(200)]
    left = [s for s in scenes if s.hand == 'left']
    across = [s for s in left if s.object(s.target).position[1] < 0.0]
    assert 60 < len(left) < 140
    assert 0 < len(across) < 30


def test_the_scene_stays_when_another_instruction_is_given():
    scene = draw(3)
    other = next(o for o in scene.objects if o.name != scene.target)
    again = draw(3, f'please touch the {other.name} with the right hand')
    assert again.objects == scene.objects
    assert (again.hand, again.target) == ('right', other.name)


@pytest.mark.parametrize('seed', range(5))
def test_otherwise_asks_for_another_object_of_the_same_scene(seed):
    text = tasks.in_words(tasks.OTHERWISE, 'touch', seed, 'astribot_s1')
    scene, otherwise = draw(seed), draw(seed, text)
    assert otherwise.objects == scene.objects
    assert otherwise.target != scene.target


def test_an_instruction_of_one_s_own_and_none_stay_what_they_are():
    assert tasks.in_words('touch the red cube', 'touch', 0, 'astribot_s1') == 'touch the red cube'
    assert tasks.in_words(None, 'touch', 0, 'astribot_s1') is None


def test_a_robot_without_a_table_is_named():
    with pytest.raises(ConfigError, match=r"'nobody'.*astribot_s1"):
        draw(0, robot='nobody')


def test_an_unknown_task_is_named():
    with pytest.raises(ConfigError, match=r"'juggle'.*touch"):
        tasks.make('juggle')


@pytest.mark.parametrize(('text', 'meaning'), [
    ('Touch the RED cube with your left hand!', ('left', 'red cube')),
    ('rote? the green one, right hand', ('right', 'green ball')),
    ('touch the cube', ('left', 'red cube')),
    ('put the right hand on the blue sphere \u2603\u0000', ('right', 'blue ball')),
])
def test_a_free_instruction_means(text, meaning):
    assert words.parse(text, THINGS, HANDS) == meaning


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'names no object; on the table: red cube, blue ball, green ball'),
    ('touch the purple cone', 'there is no purple cone'),
    ('touch the ball', 'fits several objects'),
    ('touch the red cube with the left or right hand', 'more than one hand: left, right'),
])
def test_an_instruction_that_cannot_be_judged_says_why(text, message):
    with pytest.raises(ConfigError, match=message):
        words.parse(text, THINGS, HANDS)


@given(st.text())
def test_any_text_is_understood_or_refused(text):
    try:
        meaning = words.parse(text, THINGS, HANDS)
    except ConfigError:
        return
    assert meaning[0] in HANDS
    assert meaning[1] in {o.name for o in THINGS}


@given(st.sampled_from(words.WITH_HAND), st.sampled_from(THINGS), st.sampled_from(HANDS),
       st.text(alphabet='?!., \u00e9\u4e2d'))
def test_every_phrasing_survives_noise_and_capitals(template, thing, hand, noise):
    text = noise + template.format(object=thing.name, hand=hand).upper() + noise
    assert words.parse(text, THINGS, HANDS) == (hand, thing.name)


def test_a_robot_with_one_hand_needs_no_word_for_it():
    assert words.parse('touch the cube', THINGS, ('arm',)) == ('arm', 'red cube')
    assert 'arm' not in words.phrase(np.random.default_rng(0), THINGS[0], 'arm', ('arm',))


def run(judge, world, seconds: float):
    outcome = None
    for _ in range(round(seconds / 0.02)):
        world.time_s += 0.02
        outcome = judge.update(world)
    return outcome


def test_holding_the_hand_at_the_target_for_half_a_second_succeeds_and_stays(world):
    judge = touch.TouchTask().judge(world.scene)
    world.distances['red cube'] = 0.02
    assert not run(judge, world, 0.4).success
    outcome = run(judge, world, 0.2)
    assert outcome.success
    assert outcome.correct_target
    assert outcome.held >= 0.5
    world.distances['red cube'] = 0.2
    assert run(judge, world, 0.1).success


def test_time_within_reach_does_not_add_up_over_a_break(world):
    judge = touch.TouchTask().judge(world.scene)
    for distance in (0.02, 0.05, 0.02):
        world.distances['red cube'] = distance
        outcome = run(judge, world, 0.4)
    assert not outcome.success


def test_touching_another_object_forfeits_success(world):
    judge = touch.TouchTask().judge(world.scene)
    run(judge, world, 0.1)
    world.touching = {'blue ball', 'red cube'}
    run(judge, world, 0.1)
    world.touching = set()
    world.distances['red cube'] = 0.01
    outcome = run(judge, world, 1.0)
    assert not outcome.success
    assert outcome.touched == ('blue ball',)


def test_a_hand_that_visited_another_object_first_did_not_go_to_the_right_one(world):
    judge = touch.TouchTask().judge(world.scene)
    run(judge, world, 0.1)
    world.distances['blue ball'] = 0.02
    run(judge, world, 0.1)
    world.distances = {'red cube': 0.02, 'blue ball': 0.3, 'green ball': 0.3}
    assert not run(judge, world, 0.1).correct_target


def test_what_the_robot_is_at_from_the_task_before_counts_once_it_has_left_it(world):
    judge = touch.TouchTask().judge(world.scene)
    world.distances['blue ball'], world.touching = 0.0, {'blue ball'}
    run(judge, world, 0.1)
    world.distances, world.touching = {'red cube': 0.02, 'blue ball': 0.3, 'green ball': 0.3}, set()
    outcome = run(judge, world, 0.6)
    assert outcome.success
    assert outcome.correct_target
    world.distances['blue ball'] = 0.02
    assert not run(judge, world, 0.1).correct_target, 'it came back'


def test_a_target_far_from_the_hand_is_not_reached(world):
    world.distances = {'red cube': 0.12, 'blue ball': 0.3, 'green ball': 0.3}
    outcome = run(touch.TouchTask().judge(world.scene), world, 0.1)
    assert outcome.nearest == 'red cube'
    assert not outcome.correct_target


def test_scenes_differ_in_more_than_the_target():
    scene = draw(1)
    assert replace(scene, target=draw(2).target) != draw(2)
