"""The fuser's node: which way chunks are joined is a parameter, and so is what shapes the motion."""
import time
from dataclasses import fields

import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import Trigger

from vla_async.embodiment import load
from vla_async.errors import ConfigError
from vla_async.fusion import FuserSettings
from vla_async.fusion.factory import FUSERS
from vla_async.nodes import topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import chunk_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.types import ActionChunk

ROBOT = load('astribot_s1')
HOME = ROBOT.array('home')
ARM = ROBOT.joint_names.index('left_arm_1')
FAILURE = TransitionCallbackReturn.FAILURE


def chunk(sequence, reach=0.1):
    """A chunk that takes the left arm `reach` away, from rest to rest within two seconds."""
    positions = np.tile(HOME, (60, 1))
    positions[:, ARM] += reach / 2 * (1 - np.cos(np.linspace(0, np.pi, 60)))
    return chunk_message(ActionChunk(time.time_ns(), 33_333_333, positions, sequence=sequence), ROBOT.joint_names)


@pytest.mark.parametrize('name', FUSERS)
def test_whichever_way_is_chosen_a_calm_chunk_moves_the_robot(graph, robot, name):
    graph.bring_up(ChunkFuserNode, fuser=name)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    say, status = graph.say(topics.ACTION_CHUNK), graph.hear(topics.FUSION_STATUS)
    say(chunk(1))
    graph.until(lambda: status, 'a fusion status')
    assert status[0].accepted, status[0].reason
    graph.until(lambda: robot.commands[-1][ARM] - HOME[ARM] > 0.03, 'motion')
    robot.assert_calm()


def test_a_hard_switch_reports_the_jump_that_it_makes_and_the_bridge_refuses_it_by_name(graph, robot):
    graph.bring_up(ChunkFuserNode, fuser='hard_switch')
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    say, status = graph.say(topics.ACTION_CHUNK), graph.hear(topics.FUSION_STATUS)
    say(chunk(1))
    graph.until(lambda: robot.commands[-1][ARM] - HOME[ARM] > 0.03, 'motion')
    message = chunk(2)
    rows = np.asarray(message.positions).reshape(-1, ROBOT.dof)
    rows[:, ARM] += 1.0
    message.positions = rows.ravel().tolist()
    say(message)
    graph.until_diagnosed('hardware_bridge', 'left_arm_1')
    graph.until(lambda: len(status) == 2, 'a fusion status of the second chunk')
    assert status[1].accepted
    assert status[1].seam_position == pytest.approx(status[1].disagreement_position)
    assert status[1].seam_position > 0.5
    robot.assert_calm()


def test_when_chunks_stop_it_runs_the_last_one_out_and_says_so(graph, robot):
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode, joint_state_age_s=5.0, gap_s=1.0)  # the machine may be busy
    graph.until(lambda: robot.commands, 'commands')
    graph.say(topics.ACTION_CHUNK)(chunk(1))
    graph.until_diagnosed('chunk_fuser', 'moving')
    graph.until_diagnosed('chunk_fuser', 'no new chunk: at rest')
    graph.until(lambda: robot.still_since(10), 'rest')
    assert robot.commands[-1][ARM] - HOME[ARM] == pytest.approx(0.1, abs=3e-3)


def test_an_unknown_way_is_refused_in_one_line_that_lists_the_valid_ones(graph):
    node = graph.start(ChunkFuserNode, fuser='glue')
    assert node.trigger_configure() == FAILURE
    graph.until_diagnosed('chunk_fuser', "unknown fuser 'glue'", *FUSERS)
    assert '\n' not in graph.diagnosis('chunk_fuser')


def test_settings_are_parameters_that_say_what_they_mean_and_reach_the_fuser(graph):
    node = graph.start(ChunkFuserNode, smoothing_hz=2.0)
    for setting in fields(FuserSettings):
        described = node.describe_parameter(setting.name)
        assert described.description == setting.metadata['description']
        (range_,) = described.floating_point_range
        assert (range_.from_value, range_.to_value) == (setting.metadata['low'], setting.metadata['high'])
    assert 'hard_switch' in node.describe_parameter('fuser').description
    node.trigger_configure()
    assert node._fuser.config.smoothing_hz == 2.0


def test_settings_outside_their_range_or_at_odds_are_named(graph):
    with pytest.raises(ConfigError, match='parameter knot_s of chunk_fuser'):
        graph.start(ChunkFuserNode, knot_s=5.0)
    node = graph.start(ChunkFuserNode, transition_min_s=2.0)
    assert node.trigger_configure() == FAILURE
    graph.until_diagnosed('chunk_fuser', 'transition_min_s must not exceed transition_max_s')


@pytest.mark.parametrize('fuser', ['vla_async', 'hard_switch'])
def test_a_chunk_that_no_policy_can_mean_is_named_and_moves_nothing(graph, robot, fuser):
    graph.bring_up(ChunkFuserNode, fuser=fuser)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    say = graph.say(topics.ACTION_CHUNK)
    message = chunk(1)
    message.positions = [1.7e308, -1.7e308] * (30 * ROBOT.dof)  # finite each, but not their differences
    say(message)
    graph.until_diagnosed('chunk_fuser', 'refused chunk: huge: 1.7e+308 for base_x')
    assert robot.still_since(len(robot.commands))
    say(chunk(2))
    graph.until(lambda: robot.commands[-1][ARM] - HOME[ARM] > 0.03, 'motion')
    robot.assert_calm()


def test_after_a_reset_the_motion_stops_and_the_next_chunk_begins_where_the_robot_is(graph, robot):
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    say, status = graph.say(topics.ACTION_CHUNK), graph.hear(topics.FUSION_STATUS)
    client = graph.probe.create_client(Trigger, 'chunk_fuser/reset')
    graph.until(client.service_is_ready, 'the service')
    say(chunk(1))
    graph.until(lambda: robot.commands[-1][ARM] - HOME[ARM] > 0.01, 'motion')
    answer = client.call_async(Trigger.Request())
    graph.until(answer.done, 'an answer')
    assert answer.result().success
    graph.until(lambda: robot.still_since(100), 'rest')
    assert robot.commands[-1][ARM] - HOME[ARM] < 0.095  # short of the chunk's end
    say(chunk(1))
    graph.until(lambda: len(status) == 2, 'a fusion status')
    assert status[1].accepted, status[1].reason  # as new, though its sequence came before
    graph.until(lambda: not robot.still_since(10), 'motion')
    robot.assert_calm()
