import importlib
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest
import yaml

from vla_async import embodiment, graph
from vla_async.acting import policy
from vla_async.demo import processes
from vla_async.demo.options import DemoOptions
from vla_async.errors import CheckpointError, ConfigError, VlaAsyncError
from vla_async.resources import share


def test_good_options_make_the_report_folder(parse, tmp_path):
    options = DemoOptions.check(parse('--seed', '7', '--episodes', '2'))
    assert (options.seed, options.episodes, options.instruction) == (7, 2, None)
    assert options.report == tmp_path / 'report'
    assert options.report.is_dir()


@pytest.mark.parametrize(('words', 'message'), [
    (['--task', 'juggle'], "unknown task 'juggle'; valid: touch"),
    (['--robot', 'r2d2'], "unknown robot 'r2d2'; valid: astribot_s1, astribot_s1_ros2_control, so101"),
    (['--checkpoint', 'nothing'], "unknown checkpoint 'nothing'; valid: "),
    (['--instruction', '  '], '--instruction is empty'),
    (['--episodes', '0'], '--episodes and --time-limit must be positive'),
    (['--slow-delay-ms', '-1'], 'not negative'),
])
def test_a_wrong_option_is_named_with_what_would_be_right(parse, words, message):
    with pytest.raises(VlaAsyncError, match=message):
        DemoOptions.check(parse(*words))


def test_a_checkpoint_for_another_robot_is_refused_before_anything_starts(parse):
    with pytest.raises(CheckpointError, match='a policy for the robot astribot_s1, not for so101'):
        DemoOptions.check(parse('--robot', 'so101'))


def test_a_policy_of_somebody_else_is_left_to_its_loader(parse, tmp_path, monkeypatch):
    folder = tmp_path / 'theirs'
    folder.mkdir()
    (folder / 'policy.json').write_text('{"kind": "theirs", "anything": 1}')
    with pytest.raises(ConfigError, match="unknown policy kind 'theirs'"):
        DemoOptions.check(parse('--checkpoint', str(folder)))
    entry = EntryPoint('theirs', 'their.package:load', policy.GROUP)
    monkeypatch.setattr(policy, 'entry_points', lambda group: [entry])
    assert DemoOptions.check(parse('--checkpoint', str(folder))).checkpoint == folder


@pytest.mark.parametrize(('display', 'words', 'shown'), [
    ('', [], False), (':0', [], True), (':0', ['--headless'], False)])
def test_the_report_is_shown_where_there_is_a_display(parse, monkeypatch, display, words, shown):
    monkeypatch.setenv('DISPLAY', display)
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    assert DemoOptions.check(parse(*words)).show == shown


def test_a_folder_that_holds_a_run_is_not_written_over(parse, tmp_path):
    (tmp_path / 'report/bag').mkdir(parents=True)
    with pytest.raises(ConfigError, match='holds a run already'):
        DemoOptions.check(parse())


def test_a_report_folder_that_cannot_be_made_is_named(parse, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='--report .*file/report'):
        DemoOptions.check(parse('--report', str(tmp_path / 'file/report')))


def test_every_node_of_the_table_but_the_viewers_is_started(parse, tmp_path):
    commands = processes.commands(tmp_path / 'parameters.yaml')
    assert {command.name for command in commands} == {spec.name for spec in graph.ALL} - {s.name for s in graph.VIEW}
    assert {command.name for command in commands if command.essential} == {'robot_simulator', 'recorder'}


def test_nodes_are_told_only_parameters_that_they_declare(parse, tmp_path):
    options = DemoOptions.check(parse('--slow-delay-ms', '1500'))
    processes.write_parameters(options, tmp_path / 'parameters.yaml')
    written = yaml.safe_load((tmp_path / 'parameters.yaml').read_text())
    assert written['/vlm_reasoner']['ros__parameters']['slow_delay_ms'] == 1500
    assert written['/task_server']['ros__parameters']['end_on_success']
    for name, section in written.items():
        node = importlib.import_module(f'vla_async.nodes.{name.strip("/")}')
        assert set(section['ros__parameters']) <= set(node.Parameters.__dataclass_fields__), name


def test_a_robot_may_be_given_by_the_path_of_its_file(parse, tmp_path):
    path = tmp_path / 'mine.yaml'
    robot = embodiment.load('astribot_s1')
    path.write_text((share() / 'config/robots/astribot_s1.yaml').read_text())
    options = DemoOptions.check(parse('--robot', str(path)))
    assert options.robot == replace(robot)
    assert processes.overrides(options)['chunk_fuser'] == {'robot': str(path)}
