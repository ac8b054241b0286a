"""config/vla_async.rviz against the constants of the code that publishes what it shows."""
import pytest
import yaml

from vla_async import embodiment
from vla_async.nodes import topics, view_topics
from vla_async.resources import share

ROBOT = embodiment.load('astribot_s1')
SHOWN = {topic.name: topic for topic in (
    view_topics.MARKERS, topics.ROBOT_DESCRIPTION, view_topics.GHOST_DESCRIPTION,
    *(topics.camera(camera) for camera in ROBOT.cameras))}
EXISTING = {f'rviz_default_plugins/{name}' for name in ('Grid', 'RobotModel', 'MarkerArray', 'Image')}
EXISTING_TOOLS = {f'rviz_default_plugins/{name}' for name in ('MoveCamera', 'FocusCamera', 'Measure')}
MANAGER = yaml.safe_load((share() / 'config/vla_async.rviz').read_text())['Visualization Manager']
TOLD = {display['Name']: display.get('Topic') or display.get('Description Topic')
        for display in MANAGER['Displays'] if display['Name'] != 'Grid'}


def words(policy):
    """`TRANSIENT_LOCAL` as rviz writes it."""
    return policy.name.replace('_', ' ').title()


def test_displays_and_tools_are_of_classes_that_exist():
    assert {display['Class'] for display in MANAGER['Displays']} <= EXISTING
    assert {tool['Class'] for tool in MANAGER['Tools']} <= EXISTING_TOOLS
    assert MANAGER['Views']['Current']['Class'] == 'rviz_default_plugins/Orbit'


def test_everything_that_there_is_to_see_is_shown():
    assert sorted(topic['Value'] for topic in TOLD.values()) == sorted(SHOWN)


@pytest.mark.parametrize('name', TOLD)
def test_a_display_subscribes_as_its_topic_is_published(name):
    told = TOLD[name]
    qos = SHOWN[told['Value']].qos
    assert told['Durability Policy'] == words(qos.durability)
    assert told['Reliability Policy'] == words(qos.reliability)
    assert told['History Policy'] == words(qos.history)
    assert told['Depth'] == qos.depth


def test_topics_are_relative_so_that_they_follow_the_namespace_of_rviz():
    assert not any(topic['Value'].startswith('/') for topic in TOLD.values())


def test_the_ghost_is_as_pale_as_its_description_and_has_frames_of_its_own():
    ghost = next(display for display in MANAGER['Displays'] if display['Name'] == 'Ghost')
    assert ghost['TF Prefix'] == view_topics.GHOST.name.partition('/')[0]
    assert ghost['Alpha'] == 1


def test_the_fixed_frame_is_the_root_of_the_robot():
    from vla_async.viz.forward_kinematics import ForwardKinematics
    assert MANAGER['Global Options']['Fixed Frame'] == ForwardKinematics(ROBOT).root
