"""Messages that say anything of themselves: each is taken or refused by name, within the memory that it came in."""
from __future__ import annotations

import sys
from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_robot
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import TwistStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import START, fuser
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vla_async_msgs import msg

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.window_check import window_fault
from vla_async.errors import DataError
from vla_async.joint_order import JointOrder
from vla_async.latent import LatentBuffer
from vla_async.nodes import controller_conversions, conversions, latent_conversions
from vla_async.observation import ObservationBuffer
from vla_async.picture import pixels
from vla_async.replay.video import side_by_side
from vla_async.types import MAX_INSTRUCTION, Task

settings.register_profile('hostile', deadline=None, max_examples=100)
settings.load_profile('hostile')

NAMES = ('joint_0', 'joint_1', 'joint_2')
ROBOT = small_robot.robot()
FLOATS = st.floats(width=64) | st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1e308, -5e-324])
UINT32 = st.integers(0, 2**32 - 1) | st.integers(0, 8)
UINT64 = st.integers(0, 2**64 - 1)
TIMES = st.builds(lambda sec, nanosec: Time(sec=sec, nanosec=nanosec), st.integers(-2**31, 2**31 - 1), UINT32)
DURATIONS = st.builds(lambda sec, nanosec: Duration(sec=sec, nanosec=nanosec),
                      st.integers(-2**31, 2**31 - 1) | st.just(0), UINT32 | st.just(33_333_333))
TEXT = st.text(max_size=8)
NAMED = st.just(list(NAMES)) | st.lists(st.sampled_from([*NAMES, 'tail', '']), max_size=6)


def numbers(most: int, code: str = 'd') -> st.SearchStrategy[array[Any]]:
    floats = FLOATS if code == 'd' else st.floats(width=32)
    return st.lists(floats, max_size=most).map(lambda values: array(code, values))


def sent(message: Any) -> Any:
    """The message as it comes out of the wire."""
    return deserialize_message(serialize_message(message), type(message))


@st.composite
def images(draw: st.DrawFn) -> Image:
    """Some fit, some nearly, most not at all."""
    height, width = draw(UINT32), draw(UINT32)
    step = draw(UINT32 | st.just(3 * width % 2**32))
    size = height * step if height * step < 300 and draw(st.booleans()) else draw(st.integers(0, 300))
    return Image(height=height, width=width, step=step, encoding=draw(st.sampled_from(['rgb8', 'bgr8']) | TEXT),
                 data=array('B', bytes(size)))


@given(images())
def test_a_picture_is_no_larger_than_its_bytes(message: Image) -> None:
    try:
        picture = pixels(sent(message))
    except DataError:
        return
    assert picture.shape == (message.height, message.width, 3) and picture.nbytes <= len(message.data)


@given(images())
def test_a_picture_of_a_bag_is_read_in_the_same_way(message: Image) -> None:
    fields = {name: getattr(message, name) for name in ('height', 'width', 'step', 'encoding')}
    recorded = SimpleNamespace(**fields, data=np.frombuffer(message.data, np.uint8))
    try:
        picture = pixels(recorded)
    except DataError:
        with pytest.raises(DataError):
            pixels(message)
        return
    np.testing.assert_array_equal(picture, pixels(message))


@pytest.mark.parametrize(('height', 'width'), [(1, 12_000), (12_000, 1)])
def test_a_film_is_no_wider_than_a_few_pictures(height: int, width: int) -> None:
    with pytest.raises(DataError, match='too narrow or too wide'):
        side_by_side([np.zeros((height, width, 3), np.uint8)])


@st.composite
def latents(draw: st.DrawFn) -> msg.Latent:
    def tensor() -> tuple[list[int], array[int]]:
        rows, width = draw(UINT32), draw(UINT32)
        fitting = rows * width * 2
        size = fitting if fitting < 200 and draw(st.booleans()) else draw(st.integers(0, 200))
        return [rows, width], array('B', draw(st.binary(min_size=size, max_size=size)))
    message = msg.Latent(
        sequence=draw(UINT64), task_id=draw(st.just(1) | UINT64), instruction=draw(st.just('go') | TEXT),
        model_id=draw(TEXT), ready=draw(TIMES), complete=draw(st.booleans()), reasoning=draw(TEXT),
        dtype=draw(st.sampled_from(['float16', 'bfloat16', 'float32']) | TEXT))
    message.header.stamp = draw(st.just(conversions.to_time(START)) | TIMES)
    (message.instruction_shape, message.instruction_embedding), (message.fusion_shape, message.fusion) = (
        tensor(), tensor())
    return message


@given(latents())
def test_a_latent_is_no_larger_than_its_bytes_and_kept_only_when_finite(message: msg.Latent) -> None:
    try:
        latent = latent_conversions.latent_value(sent(message))
    except DataError:
        return
    for tensor, data in ((latent.instruction_embedding, message.instruction_embedding),
                         (latent.fusion, message.fusion)):
        assert tensor is None or (tensor.ndim == 2 and tensor.nbytes <= len(data))
    buffer = LatentBuffer()
    buffer.set_task(Task(1, START, 'go'))
    if buffer.offer(latent, START).accepted:
        assert np.isfinite(latent.instruction_embedding).all()
        again = latent_conversions.latent_value(sent(latent_conversions.latent_message(latent)))
        np.testing.assert_array_equal(again.instruction_embedding, latent.instruction_embedding)


@pytest.mark.parametrize(('change', 'words'), [
    ({'reasoning': 'x' * 5000}, 'reasoning is longer than 4096'), ({'model_id': 'x' * 5000}, 'model_id is longer'),
    ({'instruction': 'x' * 5000}, 'instruction is longer'),
    ({'fusion_shape': [2048, 1025], 'fusion': array('B', bytes(2048 * 1025 * 2))}, 'bytes, at most 4194304')])
def test_a_latent_of_far_too_much_is_refused(change: dict[str, Any], words: str) -> None:
    message = msg.Latent(dtype='float16', **change)
    with pytest.raises(DataError, match=words):
        latent_conversions.latent_value(message)


@st.composite
def chunks(draw: st.DrawFn) -> msg.ActionChunk:
    positions = draw(numbers(24) | st.just(array('d', np.zeros(96))))
    message = msg.ActionChunk(
        sequence=draw(UINT64), task_id=draw(UINT64), latent_version=draw(UINT64), observation=draw(TIMES),
        latent=draw(TIMES), step=draw(DURATIONS), inference=draw(DURATIONS), joint_names=draw(NAMED),
        positions=positions, confidence=draw(st.just(array('f')) | numbers(8, 'f')))
    message.header.stamp = draw(st.just(conversions.to_time(START)) | TIMES)
    return message


@given(chunks())
@settings(max_examples=60)
def test_a_chunk_is_fused_or_refused_and_what_comes_of_it_is_finite_and_can_be_told(message: msg.ActionChunk) -> None:
    try:
        chunk = conversions.chunk_value(sent(message), NAMES)
    except DataError:
        return
    assert chunk.positions.nbytes == 8 * len(message.positions)
    fused = fuser()
    report = fused.add(chunk, START)
    status = sent(conversions.fusion_status_message(report, chunk, START, START))
    assert status.accepted == report.accepted
    assert report.accepted or report.reason
    assert np.isfinite(fused.command(START + 10**8).position).all()
    delay_ns, told_ns = START - chunk.stamp_ns, conversions.to_ns(status.delay)
    assert not report.accepted or abs(delay_ns - told_ns) < 1000


@given(st.integers(-2**70, 2**70))
def test_a_duration_beyond_what_a_message_holds_keeps_its_sign_and_its_size(duration_ns: int) -> None:
    told = conversions.to_ns(sent(conversions.to_duration(duration_ns)))
    fits = -2**31 <= duration_ns // 10**9 < 2**31
    assert told == duration_ns if fits else (told > 0) == (duration_ns > 0) and abs(told) > 2**30 * 10**9


@st.composite
def trajectories(draw: st.DrawFn) -> JointTrajectory:
    message = JointTrajectory(joint_names=draw(NAMED))
    message.header.stamp = draw(st.just(conversions.to_time(START)) | TIMES)
    row = st.just(array('d', np.zeros(3))) | numbers(4)
    even = draw(st.booleans())
    for i in range(draw(st.integers(0, 6))):
        since = Duration(nanosec=20_000_000 * i) if even else draw(DURATIONS)
        message.points.append(JointTrajectoryPoint(
            positions=draw(row), velocities=draw(row), accelerations=draw(row), time_from_start=since))
    return message


@given(trajectories())
def test_a_window_is_read_or_refused_and_never_followed_when_it_is_not_finite(message: JointTrajectory) -> None:
    try:
        window = conversions.window_value(sent(message), NAMES)
    except DataError:
        return
    assert window.position.shape == (len(message.points), 3) and window.step_ns > 0
    one = np.ones(3)
    no = np.zeros(3, bool)
    config = FollowerConfig(NAMES, -one, one, one, one, one, turning=no, untracked=no, streamed=no, controllers={})
    if not window_fault(window, config, START):
        rows = np.stack([window.position, window.velocity, window.acceleration])
        assert np.isfinite(rows).all() and abs(window.stamp_ns - START) < 10**9


def test_a_window_of_a_hundred_thousand_points_is_refused_before_they_are_read() -> None:
    message = JointTrajectory(joint_names=list(NAMES), points=[JointTrajectoryPoint()] * 100_000)
    with pytest.raises(DataError, match='100000 points, at most 2048'):
        conversions.window_value(message, NAMES)


@given(st.lists(st.builds(
    lambda names, position, velocity, effort: JointState(name=names, position=position, velocity=velocity,
                                                         effort=effort),
    NAMED, numbers(6), numbers(6), numbers(6)), min_size=1, max_size=3))
def test_joint_states_are_arranged_or_refused_one_after_the_other(messages: list[JointState]) -> None:
    order = JointOrder(NAMES)
    for message in messages:
        try:
            reading = order.arrange(*conversions.joint_state_value(sent(message)))
        except DataError:
            continue
        assert reading.position.shape == reading.velocity.shape == (3,)
        assert np.isfinite(reading.position).all() and np.isfinite(reading.velocity).all()


@given(st.builds(lambda number, text: msg.Task(id=number, instruction=text), UINT64,
                 TEXT | st.integers(0, 2 * MAX_INSTRUCTION).map('x'.__mul__)))
def test_a_task_is_short_or_refused(message: msg.Task) -> None:
    try:
        task = conversions.task_value(sent(message))
    except DataError:
        assert len(message.instruction) > MAX_INSTRUCTION
        return
    assert len(task.instruction) <= MAX_INSTRUCTION


@given(st.data())
def test_a_controller_of_the_simulation_takes_finite_numbers_of_its_joints_only(data: st.DataObject) -> None:
    output = data.draw(st.sampled_from(ROBOT.outputs))
    if output.kind == 'twist':
        message: Any = TwistStamped()
        message.header.stamp = data.draw(TIMES)
        message.twist.linear.x, message.twist.linear.y, message.twist.angular.z = (data.draw(FLOATS) for _ in 'xyz')
    else:
        message = Float64MultiArray(data=data.draw(numbers(4)))
    try:
        values, _ = controller_conversions.from_controller(output, sent(message))
    except DataError:
        return
    assert isinstance(values, np.ndarray)
    assert values.shape == (len(output.joints),) and np.isfinite(values).all()


def test_a_picture_of_another_size_than_the_robot_file_says_is_not_kept() -> None:
    from vla_async import embodiment
    robot = embodiment.load('so101')
    buffer = ObservationBuffer(robot)
    with pytest.raises(DataError, match='the robot file says'):
        buffer.add_picture(robot.cameras[0].name, 0, np.zeros((1, 1, 3), np.uint8))


def test_the_wire_does_not_allocate_what_a_message_claims() -> None:
    """A sequence of 2^28 names, 2 GB and more, in a message of some bytes."""
    raw = bytearray(serialize_message(JointState(name=['a'])))
    at = raw.index(b'\1\0\0\0\2\0\0\0a\0')
    raw[at:at + 4] = (2**28).to_bytes(4, sys.byteorder)
    with pytest.raises(Exception, match='failed to deserialize'):
        deserialize_message(bytes(raw), JointState)
