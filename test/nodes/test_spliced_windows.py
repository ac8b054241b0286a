"""A window that is stamped with a point ahead reaches the controller as it was made, the past point included."""
import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from vla_async.bridge.outputs.trajectory import Spliced
from vla_async.embodiment import Output
from vla_async.nodes.controller_conversions import from_controller, to_controller
from vla_async.nodes.conversions import to_ns

T0, MS = 10**18, 10**6
OUTPUT = Output('arm', 'joint_trajectory', 'arm/joint_trajectory', ('a', 'b'))


def test_time_from_start_begins_below_zero_and_nothing_is_lost():
    rows = np.arange(24.0).reshape(3, 4, 2)
    window = Spliced(T0, 60 * MS, *rows, message_ns=T0 + 60 * MS)
    message = deserialize_message(serialize_message(to_controller(OUTPUT, window, 0)), JointTrajectory)
    assert to_ns(message.header.stamp) == T0 + 60 * MS
    assert [to_ns(point.time_from_start) for point in message.points] == [-60 * MS, 0, 60 * MS, 120 * MS]
    assert 0 <= message.points[0].time_from_start.nanosec < 10**9
    back, stamp_ns = from_controller(OUTPUT, message)
    assert (back.stamp_ns, back.step_ns, stamp_ns) == (T0, 60 * MS, T0 + 60 * MS)
    np.testing.assert_array_equal([back.position, back.velocity, back.acceleration], rows)
