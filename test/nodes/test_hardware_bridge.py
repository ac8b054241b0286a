"""The bridge over DDS: what stops it from outside, and what it says about it."""
import time

import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import Log
from std_msgs.msg import Float64
from std_srvs.srv import Trigger
from vla_async_msgs.msg import StopSignal

from vla_async import embodiment
from vla_async.bridge.handover import LastWord
from vla_async.nodes import bridge_membership, qos, topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import to_time, window_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.topics import Topic
from vla_async.resources import share
from vla_async.types import JointCommand, JointWindow
from vla_async.urdf import effort_limits

ROBOT = embodiment.load('astribot_s1')
SPEED = 'speed_scaling_state_broadcaster/speed_scaling'


def word(stop, reason='', ago_s=0.0):
    message = StopSignal(stop=stop, reason=reason)
    message.header.stamp = to_time(time.time_ns() - round(ago_s * 1e9))
    return message


@pytest.fixture
def ask(graph):
    """Call a service of the bridge; returns its answer."""
    def call(service):
        client = graph.probe.create_client(Trigger, f'hardware_bridge/{service}')
        graph.until(client.service_is_ready, f'the service {service}')
        answer = client.call_async(Trigger.Request())
        graph.until(answer.done, 'an answer')
        return answer.result()
    return call


@pytest.fixture
def release(ask):
    """Ask the bridge to accept motion again."""
    return lambda: ask('release')


@pytest.mark.parametrize(('service', 'says'), [('stop', 'stopped on request'),
                                               ('hold', 'held on request')])
def test_its_services_bring_a_moving_robot_to_rest_until_release(graph, moving, ask, release, service, says):
    assert ask(service).success
    graph.until(lambda: moving.still_since(30), 'rest')
    graph.until_diagnosed('hardware_bridge', says)
    moving.assert_calm()
    graph.until(lambda: release().success, 'release')
    graph.until(lambda: not moving.still_since(10), 'motion')


@pytest.fixture
def gentle_robot(tmp_path):
    """One whose left arm needs most of a second to brake from what the feeder makes of it."""
    told = yaml.safe_load((share() / 'config/robots/astribot_s1.yaml').read_text())
    told['joints']['left_arm_1'] |= {'acceleration': 0.4, 'jerk': 6.0}
    (tmp_path / 'gentle.yaml').write_text(yaml.safe_dump(told, sort_keys=False))
    return str(tmp_path / 'gentle.yaml')


def test_deactivated_in_motion_it_brings_the_robot_to_rest_before_it_falls_silent(graph, robot, feed, gentle_robot):
    set_points = graph.hear(topics.JOINT_SET_POINT)
    graph.bring_up(ChunkFuserNode, robot=gentle_robot)
    bridge = graph.bring_up(HardwareBridgeNode, robot=gentle_robot)
    feed()
    graph.until(lambda: set_points and np.abs(set_points[-1].velocity).max() > 0.2, 'speed')
    begun_s = time.monotonic()
    assert bridge.trigger_deactivate()
    assert time.monotonic() - begun_s > 0.2 / 0.4
    graph.during(0.5)  # what it has said arrives
    assert not np.abs(set_points[-1].velocity).any()
    np.testing.assert_array_equal(robot.commands[-1], set_points[-1].position)
    robot.assert_calm()


def test_the_stop_signal_stops_the_robot_until_it_is_taken_back_and_released(graph, moving, release):
    say = graph.say(topics.STOP_SIGNAL)
    say(word(True, 'button at the door'))
    graph.until(lambda: moving.still_since(30), 'rest')
    graph.until_diagnosed('hardware_bridge', 'button at the door')
    moving.assert_calm()
    assert 'button at the door' in release().message
    say(word(False))
    graph.until(lambda: release().success, 'release')
    graph.until(lambda: not moving.still_since(10), 'motion')


def test_a_stop_with_a_reason_without_end_stops_as_well_and_is_told_in_short(graph, moving):
    """The reason is in every set-point until release."""
    set_points = graph.hear(topics.JOINT_SET_POINT)
    graph.say(topics.STOP_SIGNAL)(word(True, 'door ' * 200_000))
    graph.until(lambda: moving.still_since(30), 'rest')
    assert set_points[-1].reason.startswith('stop signal: door door')
    assert len(set_points[-1].reason) < 1100


def leading(joint, by, duration_s):
    """A window that takes one joint there from home, from rest to rest."""
    u = np.linspace(0.0, 1.0, 101)[:, None]
    rows = np.zeros((3, 101, ROBOT.dof))
    rows[0] = ROBOT.array('home')
    joint = ROBOT.joint_names.index(joint)
    for row, shape in enumerate((10 * u**3 - 15 * u**4 + 6 * u**5, 30 * u**2 - 60 * u**3 + 30 * u**4,
                                 60 * u - 180 * u**2 + 120 * u**3)):
        rows[row, :, joint] += by * shape[:, 0] / duration_s**row
    return window_message(JointWindow(time.time_ns(), round(duration_s * 1e7), *rows), ROBOT.joint_names)


@pytest.mark.parametrize(('by', 'fastest', 'refused_for', 'says'), [
    (-1.2, 10.0, 'self-collision', 'would come within'), (0.3, 0.05, 'hand speed', 'hand'), (0.3, 10.0, '', '')])
def test_a_window_is_held_against_the_robots_body_and_the_refusal_counted(graph, robot, by, fastest, refused_for, says):
    graph.bring_up(HardwareBridgeNode, hand_speed_max=fastest)
    graph.until(lambda: robot.commands, 'commands')
    graph.say(topics.TRAJECTORY)(leading('left_arm_3', by, 2.0))
    if refused_for:
        graph.until_diagnosed('hardware_bridge', 'guard: ', says)
        values = {pair.key: pair.value for pair in graph.status('hardware_bridge').values}
        assert values[f'refused for {refused_for}'] == values['refused windows'] == '1'
        assert values['stopped by the guard'] == '0'
        assert robot.still_since(len(robot.commands))
    else:
        graph.until(lambda: not robot.still_since(10), 'motion')


def test_a_stop_signal_whose_heartbeat_fails_stops_the_robot(graph, robot):
    bridge = graph.start(HardwareBridgeNode, stop_heartbeat_s=2.0)
    assert bridge.trigger_configure()
    say = graph.say(topics.STOP_SIGNAL)
    beat = graph.probe.create_timer(0.05, lambda: say(word(False)))
    graph.until(lambda: bridge.trigger_activate() and bridge.active, 'activation')
    graph.until(lambda: len(robot.commands) > 100, 'commands')
    assert bridge._follower.state == 'holding'
    graph.probe.destroy_timer(beat)
    graph.until_diagnosed('hardware_bridge', 'stop signal: silent')
    graph.until(lambda: bridge._follower.state == 'stopped', 'the stop')  # with the next tick


@pytest.mark.parametrize(('ago_s', 'begins'), [(0.5, 0.0), (60.0, 0.06)])
def test_a_successor_begins_with_what_the_controllers_hold_unless_that_was_long_ago(graph, robot, ago_s, begins):
    held = robot.position.copy()
    robot.measured = lambda position: position + 0.06  # it leans on something
    zero = np.zeros_like(held)
    last = JointCommand(time.time_ns() - round(ago_s * 1e9), held, zero, zero)
    bridge_membership._words.append(LastWord(last, 'holding', ''))
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    np.testing.assert_allclose(robot.commands[0], held + begins, atol=1e-12)
    assert bridge_membership.last_word() is None


@pytest.mark.parametrize('state', ['stopped', 'holding'])
def test_a_successor_stays_stopped_or_held_as_its_predecessor_was(graph, robot, release, state):
    said = graph.hear(topics.JOINT_SET_POINT)
    bridge_membership._words.append(LastWord(None, state, 'stopped on request'))
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: len(said) > 50, 'set-points')
    assert {(message.state, message.reason, message.latched) for message in said} == {
        (state, 'stopped on request', True)}
    assert release().success
    graph.until(lambda: not said[-1].latched, 'release')


def test_a_robot_that_runs_slowly_is_not_led_faster_than_it_follows(graph, robot):
    graph.bring_up(HardwareBridgeNode, speed_scaling_topic=SPEED, joint_state_age_s=5.0)  # the machine may be busy
    say = graph.say(topics.speed_scaling(SPEED))
    say(Float64(data=60.0))
    graph.until_diagnosed('hardware_bridge', '60 % of their speed')
    assert graph.status('hardware_bridge').level == DiagnosticStatus.ERROR
    say(Float64(data=100.0))
    graph.until(lambda: '%' not in graph.diagnosis('hardware_bridge'), 'full speed')
    assert graph.status('hardware_bridge').level == DiagnosticStatus.OK


def test_a_fault_is_told_before_what_is_less_bad(graph, robot):
    bridge = graph.bring_up(HardwareBridgeNode, speed_scaling_topic=SPEED)
    bridge.report('settings', 'could be better')
    graph.say(topics.speed_scaling(SPEED))(Float64(data=60.0))
    graph.until_diagnosed('hardware_bridge', '60 % of their speed; settings: could be better')
    assert graph.status('hardware_bridge').level == DiagnosticStatus.ERROR


def test_a_robot_that_stands_still_when_it_is_told_to_move_is_named_and_stopped_until_release(graph, moving, release):
    stood = moving.position.copy()
    moving.measured = lambda _position: stood
    graph.until_diagnosed('hardware_bridge', 'whole_body_controller does not move the robot: left_arm_1')
    moving.assert_calm()
    moving.measured = lambda position: position
    graph.until(lambda: release().success, 'release')
    graph.until(lambda: not moving.still_since(10), 'motion')


def test_a_joint_that_gives_all_its_force_is_warned_of_and_stops_nothing(graph, moving):
    moving.effort = np.zeros(ROBOT.dof)
    moving.effort[ROBOT.joint_names.index('left_arm_2')] = limit = effort_limits(ROBOT)[
        ROBOT.joint_names.index('left_arm_2')]
    graph.until_diagnosed('hardware_bridge', f'left_arm_2 gives all its force ({limit:g})')
    assert graph.status('hardware_bridge').level == DiagnosticStatus.WARN
    assert not moving.still_since(50)
    moving.effort = np.zeros(ROBOT.dof)
    graph.until(lambda: 'force' not in graph.diagnosis('hardware_bridge'), 'nothing more to warn of')


def test_each_change_of_state_is_logged_once_with_its_reason(graph, robot, ask, release):
    logged = graph.hear(Topic('/rosout', Log, qos.EVENTS))
    graph.bring_up(HardwareBridgeNode)
    assert ask('stop').success
    graph.until(lambda: release().success, 'release')
    graph.during(1.5)  # thrice as long as the bridge waits with what it has to tell
    assert [line.msg for line in logged if line.name == 'hardware_bridge' and ' -> ' in line.msg] == [
        'inactive -> holding: no motion has come yet', 'holding -> stopped: stopped on request',
        'stopped -> holding: released']


def test_a_bridge_that_stops_says_so_to_who_reads_its_set_points(graph, moving):
    set_points = graph.hear(topics.JOINT_SET_POINT)
    graph.say(topics.STOP_SIGNAL)(word(True, 'button'))
    graph.until(lambda: set_points and set_points[-1].state == 'stopped', 'the state')
    assert set_points[-1].reason == 'stop signal: button'
    assert not np.abs(set_points[-1].velocity).any()
