"""The recorder over DDS, and the bag that it leaves."""
import io
import json

import numpy as np
import pytest
import yaml
from PIL import Image
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from rosbags.highlevel import AnyReader

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.nodes import topics
from vla_async.nodes.conversions import controller_message, to_ns
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.recorder import Recorder
from vla_async.nodes.topics import Topic
from vla_async.replay.audit import audit_bag

ROBOT = embodiment.load('astribot_s1')


def record(graph, folder, **values):
    values |= {'folder': str(folder), 'checkpoint': 'astribot_s1_touch'}
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    return graph.add(Recorder(context=graph.context, parameter_overrides=overrides))


def test_every_message_of_every_topic_is_in_the_bag_as_it_was_sent(graph, robot, tmp_path):
    recorder = record(graph, tmp_path / 'bag')
    states, commands = graph.hear(topics.JOINT_STATES), graph.say(topics.controller(ROBOT.outputs[0]))
    graph.until(lambda: len(states) > 10, 'joint states')
    commands(controller_message(ROBOT.array('home')))
    heard = {to_ns(state.header.stamp) for state in states[5:]}  # those after the recorder was connected
    graph.during(0.3)
    recorder.close()
    with AnyReader([tmp_path / 'bag']) as bag:
        read = {}
        for connection, _, raw in bag.messages():
            read.setdefault(connection.topic, []).append(bag.deserialize(raw, connection.msgtype))
        assert set(bag.topics) == {'/' + topic.name.lstrip('/') for topic in topics.everything(ROBOT)}
    assert heard <= {to_ns(state.header.stamp) for state in read['/joint_states']}
    np.testing.assert_array_equal(read['/whole_body_controller/commands'][-1].data, ROBOT.array('home'))
    picture = read['/camera/head/image_raw'][-1]
    assert (picture.height, picture.width) == (224, 224)
    assert set(picture.data) <= {90, 91}


def test_pictures_are_compressed_where_asked_for(graph, robot, tmp_path):
    recorder = record(graph, tmp_path / 'bag', compress_images=True)
    states = graph.hear(topics.JOINT_STATES)
    graph.until(lambda: len(states) > 20, 'joint states')
    recorder.close()
    with AnyReader([tmp_path / 'bag']) as bag:
        assert '/camera/head/image_raw' not in bag.topics
        pictures = [c for c in bag.connections if c.topic == '/camera/head/image_raw/compressed']
        (message,) = [bag.deserialize(raw, c.msgtype) for c, _, raw in bag.messages(pictures)][:1]
    picture = np.asarray(Image.open(io.BytesIO(message.data.tobytes())))
    assert picture.shape == (224, 224, 3)
    assert np.abs(picture.astype(int) - 90).max() < 8
    assert message.data.size < picture.size / 10
    assert message.header.frame_id == 'head'


def test_the_bag_says_whose_it_is_and_what_it_lacks(graph, robot, tmp_path):
    recorder = record(graph, tmp_path / 'bag')
    states = graph.hear(topics.JOINT_STATES)
    graph.until(lambda: len(states) > 20, 'joint states')
    recorder.close()
    about = yaml.safe_load((tmp_path / 'bag/metadata.yaml').read_text())['rosbag2_bagfile_information']['custom_data']
    assert about['robot'] == 'astribot_s1'
    assert about['checkpoint'] == 'astribot_s1_touch'
    assert len(about['robot_sha256']) == len(about['checkpoint_sha256']) == 64
    audit = json.loads((tmp_path / 'bag' / 'audit.json').read_text())
    assert '/stop_signal' in audit['silent']
    assert audit['topics']['/joint_states']['messages'] >= 20
    assert audit == json.loads(json.dumps(audit_bag(tmp_path / 'bag')))


def test_a_folder_that_holds_a_bag_is_refused(graph, tmp_path):
    record(graph, tmp_path / 'bag').close()
    with pytest.raises(ConfigError, match='must name a folder without a bag; give another'):
        record(graph, tmp_path / 'bag')


def test_a_polled_subscription_keeps_the_newest_and_no_executor_touches_it(graph, robot):
    shallow = PolledSubscription(graph.probe, topics.JOINT_STATES)
    deep = PolledSubscription(graph.probe, topics.JOINT_STATES, depth=100)
    heard = graph.hear(topics.JOINT_STATES)
    graph.until(lambda: len(heard) > 10, 'joint states')
    graph.during(0.1)
    newest = max(to_ns(state.header.stamp) for state in heard)
    assert len(shallow.drain()) == 1
    assert to_ns(deep.newest().header.stamp) >= newest
    assert deep.take() is None


def test_who_looks_at_the_newest_of_a_stream_acknowledges_nothing_but_what_is_latched_must_arrive(graph):
    held = [PolledSubscription(graph.probe, topics.JOINT_STATES),
            PolledSubscription(graph.probe, topics.JOINT_SET_POINT, depth=20),
            PolledSubscription(graph.probe, topics.LATENT)]

    def reliability(topic: Topic) -> ReliabilityPolicy:
        info, = graph.probe.get_subscriptions_info_by_topic(graph.probe.resolve_topic_name(topic.name))
        return info.qos_profile.reliability
    assert reliability(topics.JOINT_STATES) == ReliabilityPolicy.BEST_EFFORT
    assert reliability(topics.JOINT_SET_POINT) == ReliabilityPolicy.RELIABLE
    assert reliability(topics.LATENT) == ReliabilityPolicy.RELIABLE
    assert len(held) == 3
