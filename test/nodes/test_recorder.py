"""The recorder over DDS, and the bag that it leaves."""
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rosbags.highlevel import AnyReader

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.nodes import topics
from vla_async.nodes.conversions import controller_message, to_ns
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.recorder import Recorder

ROBOT = embodiment.load('astribot_s1')


def record(graph, folder):
    overrides = [Parameter('folder', value=str(folder)), Parameter('checkpoint', value='touch')]
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


def test_a_folder_that_holds_a_bag_is_refused(graph, tmp_path):
    record(graph, tmp_path / 'bag').close()
    with pytest.raises(ConfigError, match='must name a folder without a bag'):
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
