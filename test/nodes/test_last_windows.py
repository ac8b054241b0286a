"""Who listened to a bridge knows where its trajectory controllers rest, and when."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import window_message
from vla_async.nodes.last_windows import LastWindows
from vla_async.types import JointWindow

ROBOT = embodiment.load('astribot_s1_ros2_control')
ARM, HEAD = (next(output for output in ROBOT.outputs if output.name == name)
             for name in ('left_arm_controller', 'head_controller'))
T0, STEP = 10**18, 20_000_000


def window(output, end, count=5, stamp_ns=T0):
    position = np.linspace(0.0, end, count)[:, None] * np.ones(len(output.joints))
    return JointWindow(stamp_ns, STEP, position, 0 * position, 0 * position)


@pytest.fixture
def say(graph):
    publishers = {}

    def publish(output, message):
        publishers.setdefault(output, graph.say(topics.controller(output)))(message)
        graph.during(0.2)
    return publish


@pytest.fixture
def listener(graph):
    return LastWindows(graph.probe, ROBOT)


def test_joints_rest_where_the_last_window_of_their_controller_ends(listener, say):
    say(ARM, window_message(window(ARM, 0.1), ARM.joints))
    say(ARM, window_message(window(ARM, 0.3, count=9), ARM.joints))
    say(HEAD, window_message(window(HEAD, -0.2), HEAD.joints))
    ends = listener.ends()
    expected = np.full(ROBOT.dof, np.nan)
    expected[ROBOT.indices(ARM.joints)], expected[ROBOT.indices(HEAD.joints)] = 0.3, -0.2
    np.testing.assert_array_equal(ends.position, expected)
    assert ends.since_ns == T0 + 8 * STEP


def test_of_what_was_not_heard_or_not_understood_nothing_is_known(listener, say):
    say(ARM, window_message(window(ARM, 0.1), ARM.joints))
    assert listener.ends().since_ns  # it is heard
    say(ARM, window_message(window(HEAD, 0.1), HEAD.joints))
    ends = listener.ends()
    assert np.isnan(ends.position).all()
    assert ends.since_ns == 0
