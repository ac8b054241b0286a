"""The layouts for Foxglove in config/ against the constants of the code that publishes what they show."""
import json
import re
from pathlib import Path

import pytest

from vla_async import embodiment
from vla_async.nodes import topics, view_topics
from vla_async.resources import share
from vla_async.viz.forward_kinematics import ForwardKinematics

FILES = {'astribot_s1': 'foxglove.json', 'so101': 'so101_foxglove.json'}
EXISTING = {'3D', 'Image', 'Plot', 'StateTransitions', 'RawMessages', 'DiagnosticSummary'}


@pytest.fixture(params=FILES)
def robot(request):
    return embodiment.load(request.param)


@pytest.fixture
def file(robot):
    return json.loads((share() / 'config' / FILES[robot.name]).read_text())


@pytest.fixture
def panels(file):
    return file['configById']


@pytest.fixture
def paths(panels):
    """Topics that are shown, and fields of them."""
    return sorted(text for text in strings(panels) if text.startswith('/'))


def strings(value):
    """Everything in the file that is text, whatever it lies in."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return {text for entry in value for text in strings(entry)} if isinstance(value, list) else {value} & {str(value)}


def placed(layout):
    """Panels of the layout's tree."""
    return [layout] if isinstance(layout, str) else [*placed(layout['first']), *placed(layout['second'])]


def test_every_panel_exists_and_has_one_place(file, panels):
    assert sorted(placed(file['layout'])) == sorted(panels)
    assert {panel.partition('!')[0] for panel in panels} <= EXISTING


def test_what_is_shown_is_a_topic_of_the_suite_and_a_field_of_its_message(robot, paths):
    known = {f'/{topic.name.lstrip("/")}': topic for topic in (
        *topics.everything(robot), view_topics.MARKERS, view_topics.GHOST, view_topics.GHOST_DESCRIPTION)}
    for path in paths:
        name, _, field = path.partition('.')
        fields = known[name].message.get_fields_and_field_types()
        assert not field or re.split(r'[.\[]', field)[0] in fields, path


def test_everything_that_there_is_to_see_is_shown(robot, paths):
    shown = {path.partition('.')[0] for path in paths}
    assert {f'/{camera.topic}' for camera in robot.cameras} < shown
    assert {'/motion_markers', '/robot_description', '/ghost/joint_states', '/joint_states', '/system_status',
            '/diagnostics'} < shown


def test_joints_are_plotted_under_their_own_names(robot, panels):
    series = panels['Plot!joints']['paths']
    plotted = {int(re.search(r'\[(\d+)\]', path['value'])[1]): path['label'] for path in series}
    assert plotted == {index: robot.joint_names[index] for index in plotted}
    assert len(plotted) >= 6


def test_ages_are_those_that_the_action_generator_tells_in_its_diagnostics(panels):
    source = Path(topics.__file__).with_name('action_generator.py').read_text()
    keys = {re.search(r'key=="(.+?)"', path['value'])[1] for path in panels['Plot!ages']['paths']}
    assert keys == {'latent age [s]', 'chunk age [s]'}
    assert all(f"'{key}'" in source for key in keys)


def test_each_panel_says_its_title_in_the_key_of_either_program(panels):
    for panel in panels.values():
        assert panel['foxglovePanelTitle'] == panel['lichtblickPanelTitle'] != ''
        assert 'title' not in panel


def test_frames_are_known_before_they_come_and_nothing_is_drawn_between_them(panels):
    drawn = {'showLabel': False, 'axisScale': 0, 'lineWidth': 0}
    assert panels['3D!motion']['scene']['transforms'] == {**drawn, 'enablePreloading': True}
    for name in (panel for panel in panels if panel.startswith('Image!')):
        assert panels[name]['scene']['transforms'] == {'enablePreloading': True}


def test_a_legend_stands_beside_its_curves_and_not_on_them(panels):
    for plot in (panel for panel in panels if panel.startswith('Plot!')):
        assert (panels[plot]['legendDisplay'], panels[plot]['sidebarDimension']) == ('left', 150)


def test_layers_of_a_description_have_no_colour_or_opacity_of_their_own(panels):
    for layer in (panels['3D!motion']['layers'][name] for name in ('robot', 'ghost')):
        assert not {'opacity', 'color', 'fallbackColor'} & set(layer)


def test_the_scene_stands_in_the_root_of_the_robot_and_the_ghost_has_frames_of_its_own(robot, panels):
    scene = panels['3D!motion']
    root = ForwardKinematics(robot).root
    assert (scene['followTf'], scene['layers']['grid']['frameId']) == (root, root)
    assert scene['layers']['ghost']['framePrefix'] == 'ghost/'
