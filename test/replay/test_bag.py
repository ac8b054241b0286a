"""A bag gives back the rows that went into it, as episodes, and its pictures as a film."""
import io

import av
import numpy as np
import pytest
from fakes import BagWriter, pictures
from PIL import Image

from vla_async import embodiment, picture
from vla_async.errors import DataError
from vla_async.replay import metrics
from vla_async.replay.bag import GHOST, has_topic, is_topic, messages, open_bag, stamp_of
from vla_async.replay.bag_episodes import read_episodes
from vla_async.replay.video import RATE_HZ, write_video
from vla_async.timebase import NS_PER_S as S

MS = 10**6
ROBOT = embodiment.load('astribot_s1')
INSTRUCTION = 'touch the red cube with your left hand'


def write_task(bag, number, stamp_ns, instruction):
    bag.write('/task', 'vla_async_msgs/msg/Task', stamp_ns + MS, header=bag.header(stamp_ns), id=number,
              instruction=instruction)


def write_chunk(bag, sequence, seen_ns, names=ROBOT.joint_names):
    bag.write('/action_chunk', 'vla_async_msgs/msg/ActionChunk', seen_ns + 20 * MS, header=bag.header(seen_ns),
              sequence=sequence, joint_names=list(names), positions=np.zeros(4 * len(names)),
              observation=bag.stamp(seen_ns), latent=bag.stamp(S), step=bag.message(DURATION, sec=0, nanosec=33 * MS),
              inference=bag.message(DURATION, sec=0, nanosec=18 * MS))
    bag.write('/fusion_status', 'vla_async_msgs/msg/FusionStatus', seen_ns + 21 * MS,
              header=bag.header(seen_ns + 21 * MS), sequence=sequence, accepted=True, observation=bag.stamp(seen_ns),
              latent=bag.stamp(S), trajectory=bag.stamp(seen_ns + 22 * MS))


def write_set_point(bag, sent_ns, trajectory_ns, state='following'):
    zero = np.zeros(ROBOT.dof)
    bag.write('/joint_set_point', 'vla_async_msgs/msg/JointSetPoint', sent_ns, header=bag.header(sent_ns),
              sent=bag.stamp(sent_ns), trajectory=bag.stamp(trajectory_ns), state=state, position=zero, velocity=zero,
              acceleration=zero)


def write_judged(bag, stamp_ns, success):
    bag.write('/simulation_status', 'vla_async_msgs/msg/SimulationStatus', stamp_ns, header=bag.header(stamp_ns),
              task='touch', seed=7, instruction=INSTRUCTION, success=success, correct_target=success)


DURATION = 'builtin_interfaces/msg/Duration'


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Two episodes: one of half a second that succeeds, one that the bag's end cuts off."""
    folder = tmp_path_factory.mktemp('bags') / 'bag'
    with BagWriter(folder) as bag:
        write_task(bag, 1, S, INSTRUCTION)
        for i in range(10):
            write_chunk(bag, i, S + i * 33 * MS)
            write_set_point(bag, S + i * 33 * MS + 30 * MS, S + i * 33 * MS + 22 * MS)
        write_judged(bag, S + 450 * MS, True)
        write_task(bag, 2, S + 500 * MS, '')
        write_judged(bag, S + 550 * MS, True)
        write_task(bag, 3, 2 * S, 'wave')
        write_set_point(bag, 2 * S + 100 * MS, 0, 'holding')
        for i, (name, pixels) in enumerate(pictures(ROBOT).items()):
            for k in range(20):
                bag.write(f'/camera/{name}/image_raw', 'sensor_msgs/msg/Image', 3 * S + 33 * MS * k + i,
                          header=bag.header(S + 33 * MS * k), height=pixels.shape[0], width=pixels.shape[1],
                          encoding='rgb8', step=3 * pixels.shape[1], data=(pixels + 10 * k).reshape(-1))
    return folder


def test_episodes_begin_with_a_task_and_end_with_the_next_one(bag):
    first, second = read_episodes(bag, ROBOT)
    assert (first.trace.start_ns, first.trace.end_ns) == (S, S + 500 * MS)
    assert first.facts.success
    assert first.facts.correct_target
    assert (first.facts.task, first.facts.seed, first.facts.instruction) == ('touch', 7, INSTRUCTION)
    assert second.facts.instruction == 'wave'
    assert not second.facts.success
    assert metrics.idle_ticks(second.trace) == 1


def test_the_way_from_image_to_command_is_traced_through_the_bag(bag):
    trace = read_episodes(bag, ROBOT)[0].trace
    assert metrics.image_to_command_ms(trace) == pytest.approx([30.0] * 10)
    assert metrics.overhead_ms(trace) == pytest.approx([12.0] * 10)
    assert trace.chunks.positions.shape == (10, 4, ROBOT.dof)


def test_the_film_shows_two_cameras_and_lasts_as_long_as_the_episode(bag, tmp_path):
    trace = read_episodes(bag, ROBOT)[0].trace
    with open_bag(bag) as reader:
        film = write_video(tmp_path / 'film.mp4', reader, ROBOT, trace)
    with av.open(str(film)) as opened:
        frames = list(opened.decode(video=0))
        assert opened.streams.video[0].codec_context.name == 'h264'
    assert frames[0].width == 2 * frames[0].height
    assert len(frames) == pytest.approx(0.5 * RATE_HZ, abs=1.5)


def write_restarts(bag, stamp_ns, count):
    value = bag.message('diagnostic_msgs/msg/KeyValue', key='restarts', value=str(count))
    status = bag.message('diagnostic_msgs/msg/DiagnosticStatus', name='lifecycle_manager: nodes', values=[value])
    bag.write('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', stamp_ns, header=bag.header(stamp_ns),
              status=[status])


@pytest.mark.parametrize(('counts', 'first', 'second'), [
    ([0, 1, 1, 2, 4], 1, 3), ([0, 0, 0, 0, 0], 0, 0), ([0, 2, 2, 0, 1], 2, 1), ([0, 2, 2, 2, 3], 2, 1)])
def test_restarts_are_those_of_the_episode_also_when_their_counter_begins_anew(tmp_path, counts, first, second):
    with BagWriter(tmp_path / 'bag') as bag:
        write_restarts(bag, S // 2, counts[0])
        for task, (now, later) in enumerate([counts[1:3], counts[3:]], 1):
            write_task(bag, task, task * S, 'wave')
            write_restarts(bag, task * S + 300 * MS, now)
            write_restarts(bag, task * S + 600 * MS, later)
    assert [episode.trace.node_restarts for episode in read_episodes(tmp_path / 'bag', ROBOT)] == [first, second]


def test_a_bag_without_pictures_gives_no_film(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        write_task(bag, 1, S, 'wave')
    trace = read_episodes(tmp_path / 'bag', ROBOT)[0].trace
    with open_bag(tmp_path / 'bag') as reader:
        assert write_video(tmp_path / 'film.mp4', reader, ROBOT, trace) is None


def test_pictures_that_were_recorded_compressed_come_like_the_others(tmp_path):
    pixels = np.full((8, 16, 3), 200, np.uint8)
    with BagWriter(tmp_path / 'bag') as bag:
        jpeg = io.BytesIO()
        Image.fromarray(pixels).save(jpeg, 'JPEG')
        bag.write('/camera/head/image_raw/compressed', 'sensor_msgs/msg/CompressedImage', S, header=bag.header(S),
                  format='rgb8; jpeg compressed bgr8', data=np.frombuffer(jpeg.getvalue(), np.uint8))
    with open_bag(tmp_path / 'bag') as reader:
        assert has_topic(reader, 'camera/head/image_raw')
        (received,) = messages(reader, 'camera/head/image_raw')
    assert received.topic == 'camera/head/image_raw'
    assert stamp_of(received.message) == S
    np.testing.assert_allclose(picture.pixels(received.message), pixels, atol=3)


@pytest.mark.parametrize('data', [b'', b'no picture', b'\xff\xd8\xff\xe0 broken'])
def test_a_compressed_picture_that_is_none_is_refused(data):
    with pytest.raises(DataError, match='compressed picture'):
        picture.decoded(data)


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='nothing'):
        read_episodes(tmp_path / 'nothing', ROBOT)


def test_a_bag_of_another_robot_is_refused(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        write_task(bag, 1, S, 'wave')
        write_chunk(bag, 1, S + MS, names=('elbow',))
    with pytest.raises(DataError, match='other joints'):
        read_episodes(tmp_path / 'bag', ROBOT)


def test_topics_are_found_in_any_namespace():
    assert is_topic('/left/action_chunk', 'action_chunk')
    assert is_topic('camera/head/image_raw', 'camera/head/image_raw')
    assert not is_topic('/my_action_chunk', 'action_chunk')


def test_what_the_suite_says_for_displays_and_of_a_bag_that_is_played_is_no_robots():
    assert not is_topic('/ghost/joint_states', 'joint_states')
    assert not is_topic('/left/ghost/robot_description', 'robot_description')
    assert not is_topic('/recorded/action_chunk', 'action_chunk')
    assert is_topic('/ghostly/joint_states', 'joint_states')
    assert is_topic('/ghost/left/joint_states', 'joint_states')
    assert is_topic('/left/ghost/joint_states', 'ghost/joint_states')


def test_the_namespace_of_the_ghost_is_that_on_whose_topics_displays_are_told():
    from vla_async.nodes import view_topics
    assert {topic.name.partition('/')[0] for topic in (view_topics.GHOST, view_topics.GHOST_DESCRIPTION)} == {GHOST}
