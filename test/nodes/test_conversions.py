"""What goes into a message comes out of it again, over the wire; what does not fit is named."""
from dataclasses import asdict

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, JointState
from trajectory_msgs.msg import JointTrajectory
from vla_async_msgs import msg

from vla_async import types
from vla_async.errors import DataError
from vla_async.nodes import conversions, latent_conversions
from vla_async.picture import pixels

RNG = np.random.default_rng(0)
NAMES = ('shoulder', 'elbow', 'wrist')
STAMP = 1_700_000_000_123_456_789


def sent(message, kind):
    return deserialize_message(serialize_message(message), kind)


def assert_same(one, other):
    for name, value in asdict(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


def test_times_keep_every_nanosecond():
    assert conversions.to_ns(conversions.to_time(STAMP)) == STAMP
    assert conversions.to_ns(conversions.to_duration(-5)) == -5


def test_task():
    task = types.Task(3, STAMP, 'touch the red cube')
    assert conversions.task_value(sent(conversions.task_message(task), msg.Task)) == task


def test_an_instruction_of_blanks_is_empty():
    assert conversions.task_value(msg.Task(instruction=' \n\t')).instruction == ''


def test_picture():
    picture = RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    message = sent(conversions.image_message(STAMP, 'head', picture), Image)
    np.testing.assert_array_equal(pixels(message), picture)
    message.encoding = 'bgr8'
    np.testing.assert_array_equal(pixels(message), picture[:, :, ::-1])


def test_a_picture_with_padded_rows():
    picture = RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    message = conversions.image_message(STAMP, 'head', picture)
    message.step = 20
    message.data = conversions.to_array(np.pad(picture.reshape(4, 18), ((0, 0), (0, 2))))
    np.testing.assert_array_equal(pixels(message), picture)


@pytest.mark.parametrize(('field', 'value', 'words'), [('encoding', 'mono16', "'mono16'; needed: rgb8"),
                                                       ('height', 5, '72 bytes'), ('step', 3, 'step 3')])
def test_a_malformed_picture_is_described(field, value, words):
    message = conversions.image_message(STAMP, 'head', np.zeros((4, 6, 3), np.uint8))
    setattr(message, field, value)
    with pytest.raises(DataError, match=words):
        pixels(message)


def test_joint_states():
    made = conversions.joint_state_message(STAMP, NAMES, np.arange(3.0), np.ones(3), np.full(3, 2.0))
    message = sent(made, JointState)
    stamp_ns, names, position, velocity, effort = conversions.joint_state_value(message)
    assert (stamp_ns, names) == (STAMP, NAMES)
    np.testing.assert_array_equal(position, [0, 1, 2])
    np.testing.assert_array_equal(velocity, 1)
    np.testing.assert_array_equal(effort, 2)


@pytest.mark.parametrize('confidence', [None, RNG.random(8).astype(np.float32)])
def test_chunk(confidence):
    chunk = types.ActionChunk(
        STAMP, 33_333_333, RNG.normal(size=(8, 3)), latent_version=5, sequence=6, confidence=confidence, task_id=7,
        observation_ns=STAMP - 1, pictures_ns=(STAMP, STAMP - 1), joints_ns=STAMP - 3, latent_ns=STAMP - 2,
        begun_ns=STAMP + 4, inference_ns=12)
    assert_same(chunk, conversions.chunk_value(sent(conversions.chunk_message(chunk, NAMES), msg.ActionChunk), NAMES))


def test_a_chunk_of_another_robot_names_the_joint():
    message = conversions.chunk_message(types.ActionChunk(STAMP, 1, np.zeros((2, 3))), ('shoulder', 'elbow', 'tail'))
    with pytest.raises(DataError, match='tail, wrist'):
        conversions.chunk_value(message, NAMES)


def test_a_chunk_in_another_order_is_refused():
    message = conversions.chunk_message(types.ActionChunk(STAMP, 1, np.zeros((2, 3))), NAMES[::-1])
    with pytest.raises(DataError, match='their order'):
        conversions.chunk_value(message, NAMES)


def test_window():
    window = types.JointWindow(STAMP, 20_000_000, *RNG.normal(size=(3, 5, 3)))
    message = sent(conversions.window_message(window, NAMES), JointTrajectory)
    assert_same(window, conversions.window_value(message, NAMES))


def test_a_window_on_an_uneven_grid_is_refused():
    message = conversions.window_message(types.JointWindow(STAMP, 20, *np.zeros((3, 5, 3))), NAMES)
    message.points[2].time_from_start.nanosec = 41
    with pytest.raises(DataError, match='even grid'):
        conversions.window_value(message, NAMES)


def test_fusion_status():
    report = types.FusionReport(6, True, '', 0.25, 0.5, 0.1, 0.2, 0.3, 1e-12, 2e-12, 3e-12, 4,
                                (types.LimitedJoint('elbow', 1.5, 0.25), types.LimitedJoint('wrist', 1.0, 0.0)))
    chunk = types.ActionChunk(STAMP, 1, np.zeros((2, 3)), sequence=6, observation_ns=STAMP - 1, latent_ns=STAMP - 2)
    anchor = np.array([0.1, 0.2, 0.3])
    message = sent(conversions.fusion_status_message(report, chunk, STAMP + 5, STAMP + 7, anchor), msg.FusionStatus)
    assert np.array_equal(message.anchor, anchor)
    jumps = [f'{kind}_{what}' for kind in ('disagreement', 'seam') for what in ('position', 'velocity', 'acceleration')]
    for name in ('sequence', 'accepted', 'reason', 'samples_limited', *jumps):
        assert getattr(message, name) == getattr(report, name), name
    limited = zip(message.limited_joints, message.limited_slowdown, message.limited_beyond, strict=True)
    assert [types.LimitedJoint(*entry) for entry in limited] == list(report.limited)
    stamps = (message.header.stamp, message.trajectory, message.observation, message.latent)
    assert [conversions.to_ns(stamp) - STAMP for stamp in stamps] == [5, 7, -1, -2]
    assert (conversions.to_ns(message.delay), conversions.to_ns(message.transition)) == (250_000_000, 500_000_000)


@pytest.mark.parametrize('fused', [True, False])
def test_latent(fused):
    fusion = RNG.normal(size=(2, 4)).astype(np.float16) if fused else None
    latent = types.Latent(STAMP, STAMP + 5, 3, 4, 'touch', 'model', RNG.normal(size=(3, 4)).astype(np.float16), fusion,
                          complete=False, reasoning='left')
    message = sent(latent_conversions.latent_message(latent), msg.Latent)
    assert_same(latent, latent_conversions.latent_value(message))


def test_a_latent_in_bfloat16_is_read():
    values = np.array([[1.0, -2.5], [0.375, 100.0]], np.float32)
    latent = types.Latent(STAMP, STAMP, 1, 1, '', 'm', values.astype(np.float16), None)
    message = latent_conversions.latent_message(latent)
    message.dtype = 'bfloat16'
    message.instruction_embedding = conversions.to_array((values.view(np.uint32) >> 16).astype('<u2').view(np.uint8))
    np.testing.assert_array_equal(latent_conversions.latent_value(message).instruction_embedding, values)


def test_a_latent_of_full_size_stays_small():
    latent = types.Latent(STAMP, STAMP, 1, 1, 'x' * 200, 'm', np.zeros((64, 960), np.float16),
                          np.zeros((64, 960), np.float16))
    assert len(serialize_message(latent_conversions.latent_message(latent))) < 256_000


def test_the_message_of_a_set_point_is_filled_anew_for_each_one():
    message = conversions.SetPointMessage(3)
    for tick, state in enumerate(('following', 'stopping')):
        command = types.JointCommand(STAMP + tick, *RNG.normal(size=(3, 3)))
        got = sent(message.of(command, STAMP + 2, STAMP - tick, state, 'why', late=tick == 1), msg.JointSetPoint)
        assert conversions.to_ns(got.header.stamp) == STAMP + tick
        assert (conversions.to_ns(got.sent), conversions.to_ns(got.trajectory)) == (STAMP + 2, STAMP - tick)
        assert (got.state, got.reason, got.late) == (state, 'why', tick == 1)
        np.testing.assert_array_equal((got.position, got.velocity, got.acceleration),
                                      (command.position, command.velocity, command.acceleration))
