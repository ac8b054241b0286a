"""Windows written and read past rclpy's objects are the messages that rclpy would have made of them."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory

from vla_async.errors import DataError
from vla_async.nodes import window_codec
from vla_async.nodes.conversions import window_message, window_value
from vla_async.nodes.window_codec import WindowCodec
from vla_async.types import JointWindow

STAMP_NS, STEP_NS = 1_700_000_000_123_456_789, 10_000_000
NAMES = ('shoulder', 'elbow', 'wrist_pitch')


def window(names, count, seed=0, stamp_ns=STAMP_NS, step_ns=STEP_NS):
    return JointWindow(stamp_ns, step_ns, *np.random.default_rng(seed).normal(size=(3, count, len(names))))


def assert_same(one, other):
    assert (one.stamp_ns, one.step_ns) == (other.stamp_ns, other.step_ns)
    for name in ('position', 'velocity', 'acceleration'):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture
def only_bytes(monkeypatch):
    """From now on no message may go through rclpy."""
    def forbid():
        monkeypatch.setattr(window_codec, 'deserialize_message', None)
    return forbid


@given(names=st.lists(st.text(st.characters(codec='ascii', exclude_characters='\0'), min_size=1, max_size=9),
                      min_size=1, max_size=5).map(tuple),
       count=st.integers(2, 9), step_ns=st.integers(1, 2 * 10**9), stamp_ns=st.integers(0, 2**31 * 10**9 - 1))
def test_rclpy_reads_what_is_written_and_what_rclpy_writes_is_read(names, count, step_ns, stamp_ns):
    codec, first = WindowCodec(names), window(names, count, 0, stamp_ns, step_ns)
    second = window(names, count, 1, stamp_ns // 2, step_ns)
    for sent in (first, second):
        assert_same(window_value(deserialize_message(codec.encode(sent), JointTrajectory), names), sent)
        assert_same(codec.decode(serialize_message(window_message(sent, names))), sent)


def test_after_the_first_of_a_kind_rclpy_is_not_asked(only_bytes):
    codec = WindowCodec(NAMES)
    codec.decode(serialize_message(window_message(window(NAMES, 50), NAMES)))
    only_bytes()
    assert_same(codec.decode(WindowCodec(NAMES).encode(window(NAMES, 50, 3))), window(NAMES, 50, 3))


def test_what_was_read_stays_when_the_next_one_comes():
    codec = WindowCodec(NAMES)
    read = [codec.decode(WindowCodec(NAMES).encode(window(NAMES, 5, seed))) for seed in range(3)]
    for seed, one in enumerate(read):
        assert_same(one, window(NAMES, 5, seed))


def changed(change):
    message = window_message(window(NAMES, 4), NAMES)
    change(message)
    return serialize_message(message)


@pytest.mark.parametrize(('spoil', 'fault'), [
    (lambda m: m.joint_names.reverse(), 'joints do not fit the robot; see their order'),
    (lambda m: m.points.clear(), 'at least two points'),
    (lambda m: setattr(m.points[2], 'velocities', []), 'point 2 has 0 velocities for 3 joints'),
    (lambda m: setattr(m.points[1].time_from_start, 'nanosec', 1), 'even grid'),
])
def test_what_does_not_fit_is_named_as_ever(spoil, fault):
    codec = WindowCodec(NAMES)
    codec.decode(changed(lambda m: None))
    with pytest.raises(DataError, match=fault):
        codec.decode(changed(spoil))


def test_frames_and_efforts_are_let_pass_as_ever():
    codec, expected = WindowCodec(NAMES), window(NAMES, 4)
    for spoil in (lambda m: setattr(m.header, 'frame_id', 'odom'), lambda m: setattr(m.points[1], 'effort', [1.0])):
        codec.decode(changed(lambda m: None))
        assert_same(codec.decode(changed(spoil)), expected)


@given(st.binary(max_size=400), st.integers(0, 330), st.integers(0, 255))
def test_any_bytes_are_a_window_or_named(junk, place, value):
    codec = WindowCodec(NAMES)
    good = bytearray(codec.encode(window(NAMES, 4)))
    good[place % len(good)] = value
    for raw in (junk, bytes(good), bytes(good[:place])):
        try:
            read = codec.decode(raw)
        except DataError:
            continue
        assert read.position.shape == read.velocity.shape == read.acceleration.shape == (len(read.position), 3)
