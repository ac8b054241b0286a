"""Every kind of bad message is what it claims to be, and what reads such messages refuses it by name."""
import re

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from vla_async import embodiment
from vla_async.bench.faults.spoil import DUPLICATED, KINDS, MANY, REORDERED, TEXT, kinds, spoilt
from vla_async.bridge import FollowerConfig
from vla_async.bridge.window_check import window_fault
from vla_async.errors import DataError
from vla_async.fusion import ChunkFuser, FuserConfig
from vla_async.joint_order import JointOrder
from vla_async.latent import LatentBuffer, LatentRules
from vla_async.nodes import topics
from vla_async.nodes.conversions import (
    SetPointMessage,
    chunk_message,
    chunk_value,
    image_message,
    joint_state_message,
    joint_state_value,
    task_message,
    to_ns,
    window_message,
    window_value,
)
from vla_async.nodes.latent_conversions import latent_message, latent_value
from vla_async.observation import ObservationBuffer
from vla_async.picture import pixels
from vla_async.types import ActionChunk, JointCommand, JointWindow, Latent, Task

ROBOT = embodiment.load('astribot_s1')
NAMES, HOME = ROBOT.joint_names, ROBOT.array('home')
CAMERA = ROBOT.cameras[0]
S = 10**9
NOW_NS = 1000 * S
STEP_NS = S // 50
TASK = Task(7, NOW_NS, 'touch the red cube')


def messages():
    """A good message of every type that is spoilt, as of now."""
    rest = np.zeros((30, ROBOT.dof))
    rows = np.tile(HOME, (30, 1))
    latent = Latent(NOW_NS, NOW_NS, 3, TASK.id, TASK.instruction, 'model', np.ones((4, 8), np.float16),
                    np.ones((2, 8), np.float16))
    picture = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    status = DiagnosticStatus(name='chunk_fuser: fuses', message='fine', values=[KeyValue(key='process', value='1')])
    return {
        'DiagnosticArray': DiagnosticArray(status=[status]),
        'JointState': joint_state_message(NOW_NS, NAMES, HOME, np.zeros(ROBOT.dof)),
        'ActionChunk': chunk_message(ActionChunk(NOW_NS, STEP_NS, rows, sequence=5), NAMES),
        'JointTrajectory': window_message(JointWindow(NOW_NS, STEP_NS, rows, rest, rest), NAMES),
        'JointSetPoint': SetPointMessage(len(HOME)).of(
            JointCommand(NOW_NS, HOME, rest[0], rest[0]), NOW_NS, 0, 'following', ''),
        'Latent': latent_message(latent), 'Task': task_message(TASK), 'Image': image_message(NOW_NS, '', picture)}


def judge_joint_state(message):
    JointOrder(NAMES).arrange(*joint_state_value(message))


def judge_chunk(message):
    fuser = ChunkFuser(FuserConfig.from_embodiment(ROBOT))
    fuser.reset(NOW_NS, HOME)
    report = fuser.add(chunk_value(message, NAMES), NOW_NS)
    if not report.accepted:
        raise DataError(report.reason)


def judge_window(message):
    fault = window_fault(window_value(message, NAMES), FollowerConfig.from_embodiment(ROBOT), NOW_NS)
    if fault:
        raise DataError(fault)


def judge_latent(message):
    buffer = LatentBuffer(LatentRules())
    buffer.set_task(TASK)
    verdict = buffer.offer(latent_value(message), NOW_NS)
    if not verdict.accepted:
        raise DataError(verdict.reason)


def judge_picture(message):
    ObservationBuffer(ROBOT).add_picture(CAMERA.name, to_ns(message.header.stamp), pixels(message))


JUDGES = {'JointState': judge_joint_state, 'ActionChunk': judge_chunk, 'JointTrajectory': judge_window,
          'Latent': judge_latent, 'Image': judge_picture}
REFUSED = [
    *(('JointState', kind, words) for kind, words in {
        'NaN': 'not finite', 'empty': 'lacks', 'too short': '24 (pos|vel)', 'too long': '50 (pos|vel)',
        'wrong joint': 'lacks'}.items()),
    *(('ActionChunk', kind, words) for kind, words in {
        'NaN': 'not finite', 'huge': 'huge', 'empty': 'do not fit', 'too short': 'not rows of 25',
        'wrong joint': 'tail', 'past': 'in the past', 'future': 'in the future'}.items()),
    *(('JointTrajectory', kind, words) for kind, words in {
        'NaN': 'not finite', 'huge': 'limits', 'empty': 'do not fit', 'too short': '24 (pos|vel|acc)',
        'too long': '50 (pos|vel|acc)', 'wrong joint': 'tail', 'past': 'ended', 'future': 'in the future'}.items()),
    *(('Latent', kind, words) for kind, words in {
        'NaN': 'not finite', 'empty': 'dtype', 'too short': 'bytes', 'too long': 'bytes', 'past': 's old',
        'future': 'in the future'}.items()),
    *(('Image', kind, words) for kind, words in {
        'huge': 'needed: 1 to', 'empty': 'encoding', 'too short': 'bytes', 'too long': 'bytes'}.items()),
]


def refusal(name, message):
    try:
        JUDGES[name](message)
    except DataError as error:
        return str(error)
    return ''


def make(name, kind, late_ns=0, seed=0):
    return spoilt(kind, [messages()[name]], [late_ns], np.random.default_rng(seed))


@pytest.mark.parametrize('name', JUDGES)
def test_the_good_message_is_taken(name):
    assert refusal(name, messages()[name]) == ''


@pytest.mark.parametrize(('name', 'kind', 'words'), REFUSED)
def test_a_bad_one_is_refused_by_name(name, kind, words):
    for seed in range(12):  # the seed draws which of its numbers are spoilt
        (message,) = make(name, kind, seed=seed)
        assert re.search(words, refusal(name, message)), seed


@pytest.mark.parametrize('name', messages())
def test_every_kind_of_every_type_can_be_made_and_leaves_the_good_message_as_it_was(name):
    message_type = type(messages()[name])
    for kind in kinds(message_type):
        good = messages()[name]
        bad = spoilt(kind, [good], [0], np.random.default_rng(0))
        assert bad and good == messages()[name]
        assert (kind in (DUPLICATED, REORDERED)) == (bad[0] == good), kind


def test_what_is_not_about_time_is_as_fresh_as_a_good_message():
    (message,) = make('JointState', 'NaN', late_ns=3 * S)
    assert to_ns(message.header.stamp) == NOW_NS + 3 * S
    (late,) = make('JointState', 'past', late_ns=3 * S)
    assert to_ns(late.header.stamp) == NOW_NS - 7 * S


def test_duplicated_and_reordered_messages_are_the_good_ones():
    good = [messages()['JointState'] for _ in range(3)]
    for i, message in enumerate(good):
        message.header.stamp.sec += i
    assert spoilt(DUPLICATED, good, [0, 0, 0], np.random.default_rng(0)) == [good[-1]] * 3
    assert spoilt(REORDERED, good, [0, 0, 0], np.random.default_rng(0)) == good[::-1]


def test_what_nodes_say_of_themselves_is_spoilt_in_its_own_way():
    (huge,), (short,), (long,) = (make('DiagnosticArray', kind) for kind in ('huge', 'too short', 'too long'))
    assert len(huge.status[0].message) == TEXT
    assert (len(short.status), len(short.status[0].values)) == (1, 0)
    assert len(long.status) == MANY


def test_every_topic_that_is_injected_on_has_kinds():
    for topic in (topics.TASK, topics.LATENT, topics.ACTION_CHUNK, topics.TRAJECTORY, topics.JOINT_STATES,
                  topics.JOINT_SET_POINT, topics.SPECTATOR, topics.DIAGNOSTICS):
        assert set(kinds(topic.message)) <= set(KINDS)
        assert {'huge', 'empty', 'past', 'future', REORDERED} <= set(kinds(topic.message))
