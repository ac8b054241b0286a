"""A robot whose file says that its policies speak poses: from a third party's policy to the joints, over DDS."""
import json
import time

import numpy as np
import pytest
import yaml
from fakes import Thinker, latent
from led import action, led_robot, poses_of, rows
from rclpy.lifecycle import TransitionCallbackReturn

from vla_async.acting import policy
from vla_async.acting.policy import Policy
from vla_async.kinematics.hand_model import HandModel
from vla_async.nodes import topics, view_topics
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import chunk_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_conversions import latent_message
from vla_async.nodes.motion_markers import MotionMarkers
from vla_async.resources import share
from vla_async.types import ActionChunk, Task

ROBOT = led_robot('astribot_s1', 'left', 'right', grippers=('left_gripper',))
HOME = ROBOT.array('home')
POSES = poses_of(ROBOT, HOME[None])
HANDS = HandModel(ROBOT, ('left', 'right'))
RISE = 0.1  # [m]


@pytest.fixture
def robot_file(tmp_path):
    """The robot's file, with an action that speaks poses."""
    data = yaml.safe_load((share() / 'config/robots/astribot_s1.yaml').read_text())
    path = tmp_path / 'posing.yaml'
    data['action'] = action('left', 'right', grippers=('left_gripper',))
    path.write_text(yaml.safe_dump(data, sort_keys=False))  # the order of the joints counts
    return str(path)


def rising(stamp_ns, sequence):
    """A chunk that lifts the left hand by RISE within two seconds, and closes its gripper half way."""
    held = np.tile(np.append(rows(*POSES)[0], HOME[ROBOT.indices(('left_gripper',))]), (60, 1))
    held[:, 2] += RISE / 2 * (1 - np.cos(np.linspace(0, np.pi, 60)))
    held[20:, -1] = 0.5
    return ActionChunk(stamp_ns, 33_333_333, held, sequence=sequence, observation_ns=stamp_ns, task_id=1)


def lifted(joints):
    """How far joints (25,) put the hands from home, (2,) [m]."""
    HANDS.place(joints)
    return np.linalg.norm(HANDS.poses()[0] - POSES[0][0], axis=-1)


def test_a_chunk_of_poses_moves_the_hand_and_nothing_else(graph, robot, robot_file):
    graph.bring_up(ChunkFuserNode, robot=robot_file)
    graph.bring_up(HardwareBridgeNode, robot=robot_file)
    graph.until(lambda: robot.commands, 'commands')
    status, windows = graph.hear(topics.FUSION_STATUS), graph.hear(topics.TRAJECTORY)
    graph.say(topics.ACTION_CHUNK)(chunk_message(rising(time.time_ns(), 1), ROBOT.chunk_columns))
    graph.until(lambda: lifted(robot.commands[-1])[0] > 0.005, 'motion')
    robot.assert_calm()
    graph.until_diagnosed('chunk_fuser', 'no new chunk: at rest')
    assert status[0].accepted and not status[0].limited_joints
    end = np.array(windows[-1].points[-1].positions)
    left, right = lifted(end)
    assert left == pytest.approx(RISE, abs=2e-3)
    assert right < 1e-3
    assert end[ROBOT.indices(('left_gripper', 'right_gripper'))] == pytest.approx([0.5, 0.0], abs=2e-3)


def test_columns_that_are_no_poses_are_refused_by_name(graph, robot, robot_file):
    graph.bring_up(ChunkFuserNode, robot=robot_file)
    say, windows = graph.say(topics.ACTION_CHUNK), graph.hear(topics.TRAJECTORY)
    joints = ActionChunk(time.time_ns(), 33_333_333, np.tile(HOME, (32, 1)))
    say(chunk_message(joints, ROBOT.joint_names))
    graph.until_diagnosed('chunk_fuser', 'columns do not fit the robot', 'base_x')
    swapped = ('right', 'left')
    names = tuple(name.replace(*swapped) if name.startswith('right') else name for name in ROBOT.chunk_columns)
    say(chunk_message(rising(time.time_ns(), 1), names))
    graph.until_diagnosed('chunk_fuser', 'columns do not fit the robot', 'right_r1')
    assert not windows


def test_a_way_to_join_that_knows_no_poses_is_refused(graph, robot_file):
    node = graph.start(ChunkFuserNode, robot=robot_file, fuser='hard_switch')
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    graph.until_diagnosed('chunk_fuser', "'hard_switch' joins joints only", 'speak poses')


class Lifter:
    """A generator that lifts the left hand."""

    def reset(self):
        self._sequence = 0

    def generate(self, observation, latent, now_ns, noise_seed=0):
        self._sequence += 1
        return rising(observation.stamp_ns, self._sequence)


class JointMover(Lifter):
    """The same, but it speaks joints."""

    def generate(self, observation, latent, now_ns, noise_seed=0):
        return ActionChunk(observation.stamp_ns, 33_333_333, np.tile(observation.position, (32, 1)))


class ThirdParty:
    """What an installed package says in the entry-point group."""

    name = 'third_party'

    def __init__(self, generator):
        self._generator = generator

    def load(self):
        return lambda folder, robot, device, dtype: Policy(Thinker(), self._generator)


@pytest.fixture
def generate(graph, robot, robot_file, tmp_path, monkeypatch):
    """Lets a third party's generator act on a latent that is always there; returns the chunks."""
    (tmp_path / 'policy.json').write_text(json.dumps({'kind': 'third_party'}))

    def generate(generator):
        monkeypatch.setattr(policy, 'entry_points', lambda group: [ThirdParty(generator)])
        generator.reset()
        graph.bring_up(ActionGeneratorNode, robot=robot_file, checkpoint=str(tmp_path))
        chunks, now_ns = graph.hear(topics.ACTION_CHUNK), time.time_ns()
        graph.give_task('lift')
        graph.say(topics.LATENT)(latent_message(latent(now_ns, now_ns, 1, Task(1, now_ns, 'lift'), complete=True)))
        return chunks
    return generate


def test_a_policy_of_a_third_party_may_speak_poses(graph, robot, generate):
    chunks = generate(Lifter())
    graph.until(lambda: chunks, 'a chunk')
    assert tuple(chunks[0].joint_names) == ROBOT.chunk_columns
    assert len(chunks[0].positions) == 60 * 19


def test_a_policy_that_speaks_joints_to_such_a_robot_is_told_so(graph, robot, generate):
    chunks = generate(JointMover())
    graph.until_diagnosed('action_generator', '(32, 25)', '19 columns: left_x to left_gripper')
    assert not chunks


def test_a_policy_of_this_package_is_refused_for_such_a_robot(graph, robot_file, checkpoint):
    node = graph.start(ActionGeneratorNode, robot=robot_file, checkpoint=checkpoint)
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    graph.until_diagnosed('action_generator', 'is a policy that speaks joints, those of astribot_s1 speak poses')


def test_the_paths_of_the_hands_are_drawn_from_their_poses(graph, robot_file):
    graph.start(MotionMarkers, robot=robot_file)
    drawn, chunks = graph.hear(view_topics.MARKERS), graph.say(topics.ACTION_CHUNK)
    graph.probe.create_timer(0.1, lambda: chunks(chunk_message(rising(time.time_ns(), 1), ROBOT.chunk_columns)))
    graph.until(lambda: drawn and len(drawn[-1].markers) == 3, 'a fan for each hand, and text')
    left, right, _ = drawn[-1].markers
    assert (left.ns, right.ns) == ('chunk left', 'chunk right')
    assert left.points[-1].z - left.points[0].z == pytest.approx(RISE)
    assert right.points[0].y == pytest.approx(POSES[0][0, 1, 1])
