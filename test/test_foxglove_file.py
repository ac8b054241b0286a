"""config/foxglove.json against the constants of the code that publishes what it shows."""
import json
import re
from pathlib import Path

import pytest

from vla_async import embodiment
from vla_async.nodes import topics, view_topics
from vla_async.resources import share
from vla_async.viz.forward_kinematics import ForwardKinematics

ROBOT = embodiment.load('astribot_s1')
FILE = json.loads((share() / 'config/foxglove.json').read_text())
PANELS = FILE['configById']
EXISTING = {'3D', 'Image', 'Plot', 'StateTransitions', 'RawMessages', 'DiagnosticSummary'}
TOPICS = {f'/{topic.name.lstrip("/")}': topic for topic in (
    *topics.everything(ROBOT), view_topics.MARKERS, view_topics.GHOST, view_topics.GHOST_DESCRIPTION)}


def strings(value):
    """Everything in the file that is text, whatever it lies in."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return {text for entry in value for text in strings(entry)} if isinstance(value, list) else {value} & {str(value)}


def placed(layout):
    """Panels of the layout's tree."""
    return [layout] if isinstance(layout, str) else [*placed(layout['first']), *placed(layout['second'])]


PATHS = sorted(text for text in strings(PANELS) if text.startswith('/'))


def test_every_panel_exists_and_has_one_place():
    assert sorted(placed(FILE['layout'])) == sorted(PANELS)
    assert {panel.partition('!')[0] for panel in PANELS} <= EXISTING


@pytest.mark.parametrize('path', PATHS)
def test_what_is_shown_is_a_topic_of_the_suite_and_a_field_of_its_message(path):
    name, _, field = path.partition('.')
    fields = TOPICS[name].message.get_fields_and_field_types()
    assert not field or re.split(r'[.\[]', field)[0] in fields


def test_everything_that_there_is_to_see_is_shown():
    shown = {path.partition('.')[0] for path in PATHS}
    assert {f'/{camera.topic}' for camera in ROBOT.cameras} < shown
    assert {'/motion_markers', '/robot_description', '/ghost/joint_states', '/joint_states', '/system_status',
            '/diagnostics'} < shown


def test_joints_are_plotted_under_their_own_names():
    series = PANELS['Plot!joints']['paths']
    plotted = {int(re.search(r'\[(\d+)\]', path['value'])[1]): path['label'] for path in series}
    assert plotted == {index: ROBOT.joint_names[index] for index in plotted}


def test_ages_are_those_that_the_action_generator_tells_in_its_diagnostics():
    source = Path(topics.__file__).with_name('action_generator.py').read_text()
    keys = {re.search(r'key=="(.+?)"', path['value'])[1] for path in PANELS['Plot!ages']['paths']}
    assert keys == {'latent age [s]', 'chunk age [s]'}
    assert all(f"'{key}'" in source for key in keys)


@pytest.mark.parametrize('panel', PANELS)
def test_each_panel_says_its_title_in_the_key_of_either_program(panel):
    assert PANELS[panel]['foxglovePanelTitle'] == PANELS[panel]['lichtblickPanelTitle'] != ''
    assert 'title' not in PANELS[panel]


def test_frames_are_known_before_they_come_and_nothing_is_drawn_between_them():
    drawn = {'showLabel': False, 'axisScale': 0, 'lineWidth': 0}
    assert PANELS['3D!motion']['scene']['transforms'] == {**drawn, 'enablePreloading': True}
    for name in (panel for panel in PANELS if panel.startswith('Image!')):
        assert PANELS[name]['scene']['transforms'] == {'enablePreloading': True}


@pytest.mark.parametrize('plot', [panel for panel in PANELS if panel.startswith('Plot!')])
def test_a_legend_stands_beside_its_curves_and_not_on_them(plot):
    assert (PANELS[plot]['legendDisplay'], PANELS[plot]['sidebarDimension']) == ('left', 150)


def test_layers_of_a_description_have_no_colour_or_opacity_of_their_own():
    for layer in (PANELS['3D!motion']['layers'][name] for name in ('robot', 'ghost')):
        assert not {'opacity', 'color', 'fallbackColor'} & set(layer)


def test_the_scene_stands_in_the_root_of_the_robot_and_the_ghost_has_frames_of_its_own():
    scene = PANELS['3D!motion']
    root = ForwardKinematics(ROBOT).root
    assert (scene['followTf'], scene['layers']['grid']['frameId']) == (root, root)
    assert scene['layers']['ghost']['framePrefix'] == 'ghost/'
