"""A bag played over DDS: inputs as they were, what the suite said aside, /clock in milliseconds of the bag."""
import numpy as np
import pytest
from fakes import BagWriter
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from vla_async import embodiment
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.nodes.bag_player import BagPlayer
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.topics import Topic
from vla_async.replay.bag import open_bag

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')
(OUTPUT,) = ROBOT.outputs
SPAN_MS = 400


@pytest.fixture
def bag(tmp_path):
    """0.4 s: a task, joint states at 100 Hz, chunks, and commands."""
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/left/task', 'vla_async_msgs/msg/Task', S, header=bag.header(S), id=1, instruction='go')
        for i in range(1, SPAN_MS // 10 + 1):
            now_ns = S + i * 10 * MS
            bag.write('/left/joint_states', 'sensor_msgs/msg/JointState', now_ns, header=bag.header(now_ns),
                      name=['elbow'], position=np.array([i / 10]))
            bag.write('/left/action_chunk', 'vla_async_msgs/msg/ActionChunk', now_ns, header=bag.header(now_ns),
                      sequence=i)
            bag.write(f'/left/{OUTPUT.topic}', 'std_msgs/msg/Float64MultiArray', now_ns, data=np.zeros(1))
    return tmp_path / 'bag'


def listen(graph, *listened):
    return {topic.name: PolledSubscription(graph.probe, topic, depth=1000, raw=True) for topic in listened}


def aside(topic):
    return Topic(f'recorded/{topic.name.lstrip("/")}', topic.message, topic.qos)


def play(graph, bag, *listened):
    """What came on each topic, serialised, while the bag was played as fast as messages are taken."""
    heard, subscriptions = {topic.name: [] for topic in listened}, listen(graph, *listened)
    with open_bag(bag) as reader:
        player = BagPlayer(graph.probe, reader, ROBOT)
        matched = [name for name in subscriptions if graph.probe.count_publishers(name)]
        graph.until(lambda: all(graph.probe.count_publishers(name) for name in matched), 'discovery')
        graph.during(0.5)
        while not player.done:
            player.advance(player.now_ns + 5 * MS)
            graph.executor.spin_once(timeout_sec=0.0)
            for name, subscription in subscriptions.items():
                heard[name] += [received.message for received in subscription.drain()]
        graph.during(0.3)
        for name, subscription in subscriptions.items():
            heard[name] += [received.message for received in subscription.drain()]
    return heard


def recorded(bag, topic):
    with open_bag(bag) as reader:
        return [bytes(raw) for _, _, raw in reader.messages([c for c in reader.connections if c.topic == topic])]


def test_inputs_come_byte_for_byte_in_their_order(graph, bag):
    heard = play(graph, bag, topics.JOINT_STATES, topics.TASK)
    assert heard['joint_states'] == recorded(bag, '/left/joint_states')
    assert heard['task'] == recorded(bag, '/left/task')


def test_what_the_suite_said_comes_aside_and_nothing_on_its_own_topics(graph, bag):
    commands = topics.controller(OUTPUT)
    heard = play(graph, bag, topics.ACTION_CHUNK, commands, aside(topics.ACTION_CHUNK), aside(commands))
    assert heard['recorded/action_chunk'] == recorded(bag, '/left/action_chunk')
    assert len(heard[f'recorded/{commands.name}']) == SPAN_MS // 10
    assert heard['action_chunk'] == heard[commands.name] == []
    assert graph.probe.count_publishers(commands.name) == 0


def test_a_ghost_that_was_recorded_is_not_played_as_the_robot(graph, tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        for topic in ('/joint_states', '/ghost/joint_states'):
            bag.write(topic, 'sensor_msgs/msg/JointState', S + MS, header=bag.header(S), name=[topic])
    heard = play(graph, tmp_path / 'bag', topics.JOINT_STATES)
    assert heard['joint_states'] == recorded(tmp_path / 'bag', '/joint_states')


def test_the_clock_goes_by_milliseconds_of_the_bag(graph, bag):
    ticks = []
    graph.probe.create_subscription(Clock, '/clock', lambda m: ticks.append(to_ns(m.clock)), QoSProfile(depth=1000))
    play(graph, bag)
    graph.until(lambda: len(ticks) > SPAN_MS, 'all of the clock')
    assert ticks == [S + i * MS for i in range(1, SPAN_MS + 2)]


def test_a_bag_of_something_else_is_refused(graph, tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        bag.write('/battery', 'builtin_interfaces/msg/Time', S)
    with open_bag(tmp_path / 'bag') as reader, pytest.raises(DataError, match='no topic of the suite'):
        BagPlayer(graph.probe, reader, ROBOT)
