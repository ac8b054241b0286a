"""An observation is made of the newest picture of each camera and the newest joint state, or says what is missing."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.joint_order import JointReading
from vla_async.observation import ObservationBuffer, StreamRules
from vla_async.still_picture import FrozenRules

MS = 1_000_000
NOW = 10**18
ROBOT = embodiment.load('astribot_s1')


def picture(name, grey=0):
    camera = next(c for c in ROBOT.cameras if c.name == name)
    return np.full((camera.height, camera.width, 3), grey, np.uint8)


def joints(stamp_ns, **moved):
    position = ROBOT.array('home')
    for name, by in moved.items():
        position[ROBOT.joint_names.index(name)] += by
    return JointReading(stamp_ns, position, np.zeros(ROBOT.dof))


@pytest.fixture
def full():
    buffer = ObservationBuffer(ROBOT)
    for i, camera in enumerate(ROBOT.cameras):
        buffer.add_picture(camera.name, NOW - i * MS, picture(camera.name))
    buffer.add_joints(JointReading(NOW, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    return buffer


def test_the_observation_is_as_old_as_its_oldest_picture(full):
    observation = full.observe(NOW)
    assert observation.stamp_ns == NOW - 2 * MS
    assert set(observation.images) == {camera.name for camera in ROBOT.cameras}


def test_what_never_came_is_named():
    buffer = ObservationBuffer(ROBOT)
    assert buffer.observe(NOW) is None
    assert buffer.missing(NOW) == ('camera head never came', 'camera left_wrist never came',
                                   'camera right_wrist never came', 'joint state never came')


def test_a_dead_camera_is_named_with_its_age(full):
    later = NOW + 600 * MS
    for name in ('head', 'right_wrist'):
        full.add_picture(name, later, picture(name))
    full.add_joints(JointReading(later, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    assert full.missing(later) == ('camera left_wrist is 0.60 s old',)
    assert full.observe(later) is None


def test_joint_states_that_stand_still_are_named_with_their_age(full):
    later = NOW + 510 * MS
    for camera in ROBOT.cameras:
        full.add_picture(camera.name, later, picture(camera.name))
    assert full.missing(later) == ('joint state is 0.51 s old',)


def test_stamps_of_a_clock_that_is_ahead_are_named_and_not_taken_for_fresh(full):
    full.add_picture('head', NOW + 600 * MS, picture('head'))
    assert full.missing(NOW) == ('camera head is stamped 0.60 s in the future',)
    assert full.observe(NOW) is None


def test_after_the_clock_was_set_back_the_next_pictures_are_the_newest(full):
    full.observe(NOW)
    earlier = NOW - 10_000 * MS
    full.forget()
    assert 'camera head never came' in full.missing(earlier)
    for camera in ROBOT.cameras:
        full.add_picture(camera.name, earlier, picture(camera.name))
    full.add_joints(joints(earlier))
    assert full.all_new()
    assert full.observe(earlier).stamp_ns == earlier


def test_a_clock_that_was_set_back_unnoticed_makes_no_old_picture_fresh(full):
    full.observe(NOW)
    assert full.missing(NOW - 10_000 * MS)
    for camera in ROBOT.cameras:
        full.add_picture(camera.name, NOW - 10_000 * MS, picture(camera.name))
    assert full.all_new()


class TestFrozenCameras:
    """Two seconds of fresh stamps; the head's camera is moved by head_2, the left wrist's by left_arm_4."""

    RULES = StreamRules(carriers={name: np.array([ROBOT.joint_names.index(joint)]) for name, joint in
                                  (('head', 'head_2'), ('left_wrist', 'left_arm_4'))})

    def watch(self, *, flicker=0, **motion):
        """Buffer and time after two seconds in which the joints move evenly by `motion` and pictures by `flicker`."""
        buffer = ObservationBuffer(ROBOT, rules=self.RULES)
        for i in range(61):
            now_ns = NOW + i * 33 * MS
            buffer.add_joints(joints(now_ns, **{joint: by * i / 60 for joint, by in motion.items()}))
            for camera in ROBOT.cameras:
                pixels = picture(camera.name)
                pixels[0, 0, 0] = flicker * (i % 2)
                buffer.add_picture(camera.name, now_ns, pixels)
        return buffer, now_ns

    def test_one_picture_for_too_long_while_the_camera_is_moved_is_frozen(self):
        buffer, now_ns = self.watch(head_2=0.3)
        assert buffer.missing(now_ns) == (
            'camera head is frozen: the same picture for 1.98 s, in which head_2 moved by 0.300',)
        assert buffer.observe(now_ns) is None

    def test_while_only_joints_move_that_do_not_move_the_camera_it_may_see_the_same(self):
        buffer, now_ns = self.watch(head_1=0.5, right_arm_4=0.5)
        assert buffer.missing(now_ns) == ()

    def test_a_robot_at_rest_may_see_the_same_for_ever(self):
        buffer, now_ns = self.watch(head_2=0.019, left_arm_4=0.019)
        assert buffer.missing(now_ns) == ()

    def test_a_joint_that_went_there_and_back_has_moved(self):
        buffer = ObservationBuffer(ROBOT, ('head',), self.RULES)
        for i, by in enumerate((0.0, 0.1, 0.0)):
            buffer.add_joints(joints(NOW + i * 600 * MS, head_2=by))
            buffer.add_picture('head', NOW + i * 600 * MS, picture('head'))
        assert buffer.missing(NOW + 1200 * MS) == (
            'camera head is frozen: the same picture for 1.20 s, in which head_2 moved by 0.100',)

    def test_pictures_that_differ_in_one_pixel_are_alive(self):
        buffer, now_ns = self.watch(head_2=0.3, left_arm_4=0.3, flicker=1)
        assert buffer.missing(now_ns) == ()

    def test_the_next_other_picture_ends_it(self):
        buffer, now_ns = self.watch(head_2=0.3)
        buffer.add_picture('head', now_ns, picture('head', 1))
        assert buffer.missing(now_ns) == ()

    def test_a_camera_that_is_not_among_the_carried_ones_is_never_frozen(self):
        buffer, now_ns = self.watch(right_arm_4=0.5)
        assert buffer.missing(now_ns) == ()

    def test_without_a_joint_state_nothing_is_said_of_motion(self):
        buffer = ObservationBuffer(ROBOT, ('head',), self.RULES)
        for i in range(61):
            buffer.add_picture('head', NOW + i * 33 * MS, picture('head'))
        buffer.add_joints(joints(NOW + 60 * 33 * MS))
        assert buffer.missing(NOW + 60 * 33 * MS) == ()

    def test_what_the_robot_did_before_it_came_to_rest_is_not_held_against_the_camera(self):
        """Joint states failed while the robot moved and until it rested, where every picture is the same."""
        buffer = ObservationBuffer(ROBOT, ('head',), self.RULES)
        buffer.add_joints(joints(NOW))
        for i in range(1, 91):
            buffer.add_picture('head', NOW + i * 33 * MS, picture('head', min(i, 20)))  # at rest from the 20th on
            if i >= 60:
                buffer.add_joints(joints(NOW + i * 33 * MS, head_2=0.3))
        assert buffer.missing(NOW + 90 * 33 * MS) == ()

    def test_noisy_cameras_may_be_judged_at_rest_too(self):
        rules = StreamRules(frozen=FrozenRules(after_s=1.0, motion=0.0), carriers=self.RULES.carriers)
        buffer = ObservationBuffer(ROBOT, ('head',), rules)
        for i in range(61):
            buffer.add_joints(joints(NOW + i * 33 * MS))
            buffer.add_picture('head', NOW + i * 33 * MS, picture('head'))
        assert 'camera head is frozen' in buffer.missing(NOW + 60 * 33 * MS)[0]


def test_pictures_are_new_until_they_were_used(full):
    assert full.all_new()
    full.observe(NOW)
    assert not full.all_new()
    full.add_picture('head', NOW + MS, picture('head'))
    assert not full.all_new()


def test_pictures_are_of_one_instant_when_none_is_much_older_than_the_one_that_leads(full):
    full.add_picture('head', NOW + 33 * MS, picture('head'))
    assert not full.of_one_instant('head', 16 * MS)
    full.add_picture('left_wrist', NOW + 20 * MS, picture('left_wrist'))
    full.add_picture('right_wrist', NOW + 40 * MS, picture('right_wrist'))
    assert full.of_one_instant('head', 16 * MS)
    assert not full.of_one_instant('right_wrist', 16 * MS)


def test_pictures_of_cameras_that_never_came_are_of_no_instant():
    buffer = ObservationBuffer(ROBOT)
    assert not buffer.of_one_instant('head', 16 * MS)
    buffer.add_picture('head', NOW, picture('head'))
    assert not buffer.of_one_instant('head', 16 * MS)


def test_a_picture_of_another_size_is_refused_by_name(full):
    with pytest.raises(DataError, match=r'camera head sends 64x48, the robot file says 224x224'):
        full.add_picture('head', NOW, np.zeros((48, 64, 3), np.uint8))


def test_only_the_named_cameras_are_waited_for():
    buffer = ObservationBuffer(ROBOT, ('head',))
    buffer.add_joints(JointReading(NOW, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    buffer.add_picture('head', NOW, picture('head'))
    assert tuple(buffer.observe(NOW).images) == ('head',)


def test_an_unknown_camera_lists_the_valid_ones():
    with pytest.raises(ConfigError, match='valid: head, left_wrist, right_wrist'):
        ObservationBuffer(ROBOT, ('tail',))
