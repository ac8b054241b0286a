"""No motion into itself, out of its workspace or with too fast a hand; whatever is free is let through."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_boxes import BLUE, HAND, HOME, NOW, RED, S, moving, two_boxes

from vla_async.bridge.body_guard import LONGEST_NS, BodyGuard
from vla_async.bridge.motion import Glide, Motion, Rest, Spline, fade
from vla_async.embodiment import Box, load
from vla_async.kinematics.body import Body
from vla_async.sim.expert import RATE, Expert
from vla_async.sim.world import World
from vla_async.types import FloatArray, JointWindow

TOUCH = RED[0] + BLUE[0]  # of upright boxes, centre to centre along x [m]
MARGIN = 0.01
BOX = Box((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
CHORD = 2e-3  # joints go straight between the guard's samples: no more than this where they turn by 6 rad in 0.5 s [m]


@pytest.fixture(scope='module')
def boxes(tmp_path_factory):
    return two_boxes(tmp_path_factory.mktemp('urdf'), BOX, MARGIN)


@pytest.fixture
def guard(boxes):
    return BodyGuard(boxes)


@pytest.fixture(scope='module')
def judges(boxes):
    return BodyGuard(boxes), Body(boxes)


def gap(metres: float, **joints: float) -> FloatArray:
    """Both boxes upright and level, that far apart along x, (7,)."""
    position = np.zeros(7)
    position[1] = TOUCH + metres
    names = ('red_x', 'blue_x', 'blue_y', 'blue_z', 'blue_yaw', 'blue_pitch', 'blue_roll')
    for name, value in joints.items():
        position[names.index(name)] = value
    return position


def way(start: FloatArray, goal: FloatArray, duration_s: float = 1.0) -> Spline:
    return Spline(moving(start, goal, duration_s))


def nearest(body: Body, motion: Motion, step_ns: int = 2_000_000) -> float:
    """Least distance [m] of any pair on the way, finely sampled."""
    times = np.append(np.arange(NOW, motion.end_ns, step_ns), motion.end_ns)
    return float(body.look(np.stack([motion.sample(int(t))[0] for t in times]), 1.0).distance.min())


def test_a_motion_into_itself_is_refused_with_links_distance_and_time(guard):
    fault = guard.motion_fault(way(gap(0.2), gap(-0.02)), NOW)
    assert fault == 'guard: red and blue would come within 5 mm of each other 0.74 s ahead'
    assert guard.refused == {'self-collision': 1, 'workspace': 0, 'hand speed': 0}


def test_a_motion_up_to_the_margin_is_let_through(guard):
    assert guard.motion_fault(way(gap(0.2), gap(MARGIN + 1e-4)), NOW) == ''
    assert guard.motion_fault(way(gap(0.2), gap(MARGIN - 1e-4)), NOW) != ''
    assert guard.refused['self-collision'] == 1


@pytest.mark.parametrize('duration_s', [1.0, 0.1, 0.02])
def test_links_that_pass_through_each_other_between_two_samples_are_seen(guard, duration_s):
    """In 0.02 s there is no sample on the way: both ends are free."""
    across = gap(0.5), gap(-2 * TOUCH - 0.5)
    assert 'red and blue would come' in guard.motion_fault(way(*across, duration_s), NOW)
    aside = gap(0.5, blue_y=0.5), gap(-2 * TOUCH - 0.5, blue_y=0.5)
    assert guard.motion_fault(way(*aside, duration_s), NOW) == ''


def test_a_robot_inside_the_margin_may_move_out_and_stay_but_not_further_in(guard):
    near = gap(0.004)
    assert guard.motion_fault(way(near, gap(0.3)), NOW) == ''
    assert guard.motion_fault(Rest(near, NOW), NOW) == ''
    assert guard.motion_fault(way(near, gap(0.004, blue_y=0.05)), NOW) == '', 'along itself is no worse'
    assert guard.motion_fault(way(near, gap(0.003)), NOW) != ''
    assert guard.motion_fault(way(gap(-0.01), gap(0.3)), NOW) == ''


def test_what_lies_behind_the_robot_on_its_motion_does_not_count(guard):
    """A window begins in the past: what was worse then is over."""
    motion = way(gap(0.0), gap(0.3))
    assert guard.motion_fault(motion, NOW + S // 2) == ''


def test_the_glide_onto_a_motion_is_looked_at_not_the_motion_alone(guard):
    """The boxes pass beside each other on the motion; the offset that still fades brings them together."""
    beside = [0, 0, RED[1] + BLUE[1] + 0.03, 0, 0, 0, 0]
    motion = way(gap(0.1) + beside, gap(-0.15) + beside, 0.3)
    offset = np.zeros((3, 7))
    offset[0, 2] = -0.1
    assert guard.motion_fault(motion, NOW) == ''
    glide = Glide(motion, fade(offset, NOW, 1.0), np.full(7, -9.0), np.full(7, 9.0))
    assert 'red and blue' in guard.motion_fault(glide, NOW)


def test_a_hand_may_not_leave_its_box_and_may_come_back(guard):
    inside, outside = HOME.copy(), HOME.copy()
    inside[3], outside[3] = 0.5, 1.1 - HAND[2]
    fault = guard.motion_fault(way(inside, outside), NOW)
    assert fault.startswith('guard: the blue hand would be ')
    assert fault.endswith(' s ahead')
    assert guard.refused['workspace'] == 1
    assert guard.motion_fault(way(outside, inside), NOW) == ''
    further = outside.copy()
    further[2] = 1.05
    assert 'out of its workspace' in guard.motion_fault(way(outside, further), NOW), 'out on another side, too'


def test_a_hand_without_a_box_may_be_anywhere(tmp_path):
    far = HOME.copy()
    far[3] = 2.5
    assert BodyGuard(two_boxes(tmp_path)).motion_fault(way(HOME, far), NOW) == ''


def test_a_hand_may_be_as_fast_as_allowed(boxes):
    """A quintic of distance d in the time T peaks at 1.875 d / T."""
    goal, peak = HOME.copy(), 0.4 * 1.875
    goal[3] = 0.4
    slow, fast = BodyGuard(boxes, hand_speed_max=peak - 0.01), BodyGuard(boxes, hand_speed_max=peak + 0.01)
    assert slow.motion_fault(way(HOME, goal), NOW).startswith('guard: the blue hand would move at 0.74 m/s 0.4')
    assert slow.refused['hand speed'] == 1
    assert fast.motion_fault(way(HOME, goal), NOW) == ''


def test_what_is_not_finite_is_refused(guard):
    window = moving(gap(0.2), gap(0.3))
    window.position[20, 4] = np.nan
    assert guard.motion_fault(Spline(window), NOW) == 'guard: the motion is not finite'


def test_what_takes_too_long_to_look_at_is_refused(guard):
    rows = np.tile(HOME, (2, 1))
    endless = Spline(JointWindow(NOW, LONGEST_NS + 1, rows, 0 * rows, 0 * rows))
    assert 'too long to be looked at' in guard.motion_fault(endless, NOW)


def test_what_is_wrong_with_a_posture_is_said(guard):
    assert guard.fault(HOME) == ''
    assert guard.fault(gap(0.004)) == 'red and blue are within 4 mm of each other'
    assert guard.fault(gap(0.2, blue_x=1.2)) == 'the blue hand is 200 mm out of its workspace'


coordinate = st.floats(-0.35, 0.35)
posture = st.builds(lambda *values: np.array(values), *[coordinate] * 4, *[st.floats(-3.0, 3.0)] * 3)


@settings(max_examples=80, deadline=None)
@given(start=posture, goal=posture, duration_s=st.sampled_from([0.5, 1.0, 3.0]))
def test_free_motions_are_let_through_and_what_is_let_through_is_free(judges, start, goal, duration_s):
    guard, body = judges
    motion = way(start, goal, duration_s)
    least, at_first = nearest(body, motion), nearest(body, Rest(start, NOW))
    fault = guard.motion_fault(motion, NOW)
    if least > MARGIN + CHORD:
        assert fault == ''
    if at_first > MARGIN and fault == '':
        assert least > MARGIN / 2 - CHORD


@pytest.mark.parametrize('name, seed', [('astribot_s1', 3), ('astribot_s1', 24), ('so101', 2)])
def test_demonstrations_are_free(name, seed):
    robot = load(name)
    guard, world = BodyGuard(robot), World(robot, 'touch')
    world.reset(seed)
    expert, command = Expert(world), world.position()
    for frame in range(9 * RATE):
        assert guard.fault(command) == ''
        command = expert.command(world.position())
        while world.time_s < frame / RATE:
            world.step(command)
        if expert.done:
            return
    pytest.fail('the expert did not finish')


@pytest.mark.parametrize('name, joint, goal, links', [
    ('astribot_s1', 'left_arm_2', 0.4, 'chest and left_upper_arm'), ('so101', 'elbow_flex', 1.6, 'shoulder and ')])
def test_a_robot_does_not_move_into_itself_from_home_and_moves_back_from_its_margin(name, joint, goal, links):
    robot = load(name)
    guard, home = BodyGuard(robot), robot.array('home')
    inside = home.copy()
    inside[robot.joint_names.index(joint)] = goal
    assert links in guard.motion_fault(way(home, inside), NOW)
    margin = next(position for position in np.linspace(home, inside, 300) if guard.fault(position))
    assert guard.motion_fault(way(margin, inside), NOW) != ''
    assert guard.motion_fault(way(margin, home), NOW) == ''
