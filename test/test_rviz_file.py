"""The files of rviz in config/ against the constants of the code that publishes what they show."""
import pytest
import yaml

from vla_async import embodiment
from vla_async.nodes import topics, view_topics
from vla_async.resources import share
from vla_async.viz.forward_kinematics import ForwardKinematics

FILES = {'astribot_s1': 'vla_async.rviz', 'so101': 'so101.rviz'}
EXISTING = {f'rviz_default_plugins/{name}' for name in ('Grid', 'RobotModel', 'MarkerArray', 'Image')}
EXISTING_TOOLS = {f'rviz_default_plugins/{name}' for name in ('MoveCamera', 'FocusCamera', 'Measure')}


@pytest.fixture(params=FILES)
def robot(request):
    return embodiment.load(request.param)


@pytest.fixture
def manager(robot):
    return yaml.safe_load((share() / 'config' / FILES[robot.name]).read_text())['Visualization Manager']


@pytest.fixture
def told(manager):
    """What each display subscribes to."""
    return {display['Name']: display.get('Topic') or display.get('Description Topic')
            for display in manager['Displays'] if display['Name'] != 'Grid'}


@pytest.fixture
def shown(robot):
    """Every topic that there is to see."""
    return {topic.name: topic for topic in (
        view_topics.MARKERS, topics.ROBOT_DESCRIPTION, view_topics.GHOST_DESCRIPTION,
        *(topics.camera(camera) for camera in robot.cameras))}


def words(policy):
    """`TRANSIENT_LOCAL` as rviz writes it."""
    return policy.name.replace('_', ' ').title()


def test_displays_and_tools_are_of_classes_that_exist(manager):
    assert {display['Class'] for display in manager['Displays']} <= EXISTING
    assert {tool['Class'] for tool in manager['Tools']} <= EXISTING_TOOLS
    assert manager['Views']['Current']['Class'] == 'rviz_default_plugins/Orbit'


def test_everything_that_there_is_to_see_is_shown(told, shown):
    assert sorted(topic['Value'] for topic in told.values()) == sorted(shown)


def test_a_display_subscribes_as_its_topic_is_published(told, shown):
    for topic in told.values():
        qos = shown[topic['Value']].qos
        assert topic['Durability Policy'] == words(qos.durability)
        assert topic['Reliability Policy'] == words(qos.reliability)
        assert topic['History Policy'] == words(qos.history)
        assert topic['Depth'] == qos.depth


def test_topics_are_relative_so_that_they_follow_the_namespace_of_rviz(told):
    assert not any(topic['Value'].startswith('/') for topic in told.values())


def test_the_ghost_is_as_pale_as_its_description_and_has_frames_of_its_own(manager):
    ghost = next(display for display in manager['Displays'] if display['Name'] == 'Ghost')
    assert ghost['TF Prefix'] == view_topics.GHOST.name.partition('/')[0]
    assert ghost['Alpha'] == 1


def test_the_fixed_frame_is_the_root_of_the_robot(robot, manager):
    assert manager['Global Options']['Fixed Frame'] == ForwardKinematics(robot).root
