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
from std_msgs.msg import Float64, String

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.nodes import topics
from vla_async.nodes.conversions import controller_message, to_ns
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.recorder import Recorder
from vla_async.nodes.topics import Topic
from vla_async.replay.audit import audit_bag

ROBOT = embodiment.load('astribot_s1')
EXPECTED = [topic for topic in topics.everything(ROBOT) if not topic.optional]
SPEED = 'speed_scaling_state_broadcaster/speed_scaling'


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
        assert set(bag.topics) == {'/' + topic.name.lstrip('/') for topic in EXPECTED}
    assert heard <= {to_ns(state.header.stamp) for state in read['/joint_states']}
    np.testing.assert_array_equal(read['/whole_body_controller/commands'][-1].data, ROBOT.array('home'))
    picture = read['/camera/head/image_raw'][-1]
    assert (picture.height, picture.width) == (224, 224)
    assert set(picture.data[:3]) <= set(range(90, 97)) and set(picture.data[3:]) == {90}


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


def test_what_shows_the_robot_is_recorded_with_it_also_when_it_was_said_before(graph, robot, tmp_path):
    description = topics.ROBOT_DESCRIPTION.advertise(graph.probe)
    description.publish(String(data='<robot name="wax"/>'))
    recorder = record(graph, tmp_path / 'bag', speed_scaling_topic=SPEED)
    scale = graph.say(topics.speed_scaling(SPEED))
    scale(Float64(data=70.0))
    graph.until(lambda: recorded(recorder) >= {'/robot_description', f'/{SPEED}'}, 'both')
    recorder.close()
    with AnyReader([tmp_path / 'bag']) as bag:
        said = {c.topic: bag.deserialize(raw, c.msgtype).data for c, _, raw in bag.messages()
                if c.msgtype in ('std_msgs/msg/String', 'std_msgs/msg/Float64')}
        (connection,) = [c for c in bag.connections if c.topic == '/robot_description']
    assert said == {'/robot_description': '<robot name="wax"/>', f'/{SPEED}': 70.0}
    assert connection.ext.offered_qos_profiles[0].durability.name == 'TRANSIENT_LOCAL'


def recorded(recorder):
    """Topics of which the bag has something."""
    return {name for name, topic in recorder._recording.audit()['topics'].items() if topic['messages']}


def test_transforms_are_recorded_where_a_distribution_has_their_message(graph, tmp_path):
    pytest.importorskip('tf2_msgs')
    from geometry_msgs.msg import TransformStamped
    from tf2_msgs.msg import TFMessage
    moving, fixed = (topic.advertise(graph.probe) for topic in topics.TRANSFORMS)
    fixed.publish(TFMessage(transforms=[TransformStamped(child_frame_id='camera')]))
    recorder = record(graph, tmp_path / 'bag')
    graph.until(lambda: moving.get_subscription_count() > 0, 'the recorder')
    for _ in range(50):
        moving.publish(TFMessage(transforms=[TransformStamped(child_frame_id='hand')]))
    graph.until(lambda: recorded(recorder) >= {'/tf', '/tf_static'}, 'transforms')
    recorder.close()
    with AnyReader([tmp_path / 'bag']) as bag:
        counts = {name: bag.topics[name].msgcount for name in ('/tf', '/tf_static')}
    assert counts == {'/tf': 50, '/tf_static': 1}


def test_nobody_is_told_of_topics_that_many_robots_do_not_have(graph, robot, tmp_path):
    recorder = record(graph, tmp_path / 'bag', speed_scaling_topic=SPEED)
    states = graph.hear(topics.JOINT_STATES)
    graph.until(lambda: len(states) > 20, 'joint states')
    recorder.close()
    audit = json.loads((tmp_path / 'bag' / 'audit.json').read_text())
    assert set(audit['topics']) == {'/' + topic.name.lstrip('/') for topic in EXPECTED}
    assert not {'/tf', '/tf_static', '/robot_description', '/simulation_status', f'/{SPEED}'} & set(audit['silent'])
    assert audit == json.loads(json.dumps(audit_bag(tmp_path / 'bag')))


def test_a_name_that_is_none_is_refused(graph, tmp_path):
    with pytest.raises(ConfigError, match="speed_scaling_topic '1' is no name of a topic"):
        record(graph, tmp_path / 'bag', speed_scaling_topic='1')


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
