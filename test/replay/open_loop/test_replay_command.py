"""`vla-async replay` as people and CI call it: a report that is the same every time, a page, and an exit code."""
import json
import re

import jsonschema
import numpy as np
import pytest
import sine_bag
from fakes import BagWriter
from sine_bag import ROBOT

from vla_async.cli import main
from vla_async.errors import ConfigError
from vla_async.replay.open_loop import thresholds
from vla_async.replay.open_loop.comparison import FIGURES, compare, figure, interval
from vla_async.replay.open_loop.judge import Work, judge, short_names
from vla_async.replay.open_loop.report import SCHEMA
from vla_async.replay.open_loop.rounding import rounded

SCHEMA_DATA = json.loads(SCHEMA.read_text())


@pytest.fixture(scope='module')
def bags(tmp_path_factory):
    """Two waves and one with a NaN in it."""
    folder = tmp_path_factory.mktemp('bags')

    def spoil(topic, fields):
        if topic == 'joint_states' and fields['stamp_ns'] == sine_bag.BEGIN + sine_bag.S:
            return fields | {'position': np.full(ROBOT.dof, np.nan)}
        return fields
    return [sine_bag.write(folder / 'one', 3.0), sine_bag.write(folder / 'two', 2.0),
            sine_bag.write(folder / 'spoilt', 2.0, spoil=spoil)]


def replay(folder, bags, *words):
    status = main(['replay', *map(str, bags), '--robot', 'so101', '--report', str(folder), *words])
    return status, json.loads((folder / 'report.json').read_text())


def test_the_same_bags_give_the_same_bytes_in_one_process_and_in_two(bags, tmp_path):
    words = ('--fuser', 'vla_async,act_ensemble', '--delay', '0,100')
    for name, jobs in (('one', '1'), ('two', '2')):
        assert replay(tmp_path / name, bags[:2], *words, '--jobs', jobs)[0] == 0
    one, two = ((tmp_path / name / 'report.json').read_bytes() for name in ('one', 'two'))
    assert one == two


def test_the_report_keeps_its_schema_and_names_every_configuration(bags, tmp_path, capsys):
    status, report = replay(tmp_path, bags[:1], '--fuser', 'vla_async,hard_switch', '--delay', '0,50')
    jsonschema.Draft202012Validator.check_schema(SCHEMA_DATA)
    jsonschema.validate(report, SCHEMA_DATA)
    labels = ['vla_async', 'vla_async, 50 ms later', 'hard_switch', 'hard_switch, 50 ms later']
    assert [one['configuration'] for one in report['comparison']] == labels
    assert set(report['comparison'][0]['figures']) == set(FIGURES)
    (bag,) = report['bags']
    assert bag['configurations'][0]['instructions'].keys() == {sine_bag.INSTRUCTION}
    assert bag['configurations'][0]['joints']['motion'].keys() == set(ROBOT.joint_names)
    assert str(tmp_path) not in json.dumps(report)  # nothing of this machine
    assert status == 0 and 'report.html' in capsys.readouterr().out


def test_the_page_needs_no_net_and_shows_bag_moments_and_pictures(bags, tmp_path):
    replay(tmp_path, bags[:1])
    page = (tmp_path / 'report.html').read_text()
    assert not re.search(r'<(script|link|img|video)[^>]+(src|href)="(?!data:)', page)
    assert 'Plotly.newPlot' in page and 'worst moments' in page and sine_bag.INSTRUCTION in page
    assert (tmp_path / 'one.png').read_bytes().startswith(b'\x89PNG')


def test_a_bag_with_a_fault_is_named_the_rest_is_evaluated_and_the_exit_code_is_2(bags, tmp_path, capsys):
    with BagWriter(tmp_path / 'pair') as pair:
        for name in ('left', 'right'):
            pair.write(f'/{name}/joint_states', 'sensor_msgs/msg/JointState', sine_bag.BEGIN,
                       header=pair.header(sine_bag.BEGIN))
    status, report = replay(tmp_path / 'report', [*bags, tmp_path / 'nowhere', tmp_path / 'pair'])
    assert status == 2
    faults = {bag['bag']: bag['faults'] for bag in report['bags']}
    assert [len(faults[name]) for name in ('one', 'two', 'spoilt', 'nowhere', 'pair')] == [0, 0, 1, 1, 1]
    assert 'two robots' in faults['pair'][0]['text']
    assert faults['spoilt'][0]['topic'] == '/joint_states'
    assert 'no such bag' in faults['nowhere'][0]['text']
    assert report['bags'][2]['configurations'][0]['total']['chunks'] > 0
    told = ' '.join(capsys.readouterr().out.split())
    assert '/joint_states: joint state is not finite' in told and 'at 101.000 s' in told
    jsonschema.validate(report, SCHEMA_DATA)


@pytest.mark.parametrize(('limit', 'status'), [(1.01, 0), (0.0001, 3)])
def test_thresholds_decide_the_exit_code(bags, tmp_path, limit, status, capsys):
    (tmp_path / 'limits.yaml').write_text(
        f'max: {{limits.acceleration_ratio_max: {limit}}}\nmin: {{chunk_rate_hz: 25}}\n')
    found, report = replay(tmp_path / 'report', bags[:2], '--thresholds', str(tmp_path / 'limits.yaml'))
    assert found == status
    assert report['verdict']['passed'] == (status == 0)
    assert len(report['verdict']['missed']) == (0 if status == 0 else 2)
    assert ('limits.acceleration_ratio_max is' in capsys.readouterr().out) == (status == 3)


@pytest.mark.parametrize(('text', 'words'), [
    ('max: {jerk: 1}', "unknown .*figure 'jerk'; valid: .*jerk_rms.motion"),
    ('max: {idle_s: much}', "'much' is no number"),
    ('worst: {idle_s: 1}', 'must hold max: and min:'),
    ('[', 'not readable as YAML'),
])
def test_a_wrong_threshold_is_named_with_what_there_is(tmp_path, text, words):
    (tmp_path / 'limits.yaml').write_text(text)
    with pytest.raises(ConfigError, match=words):
        thresholds.read(tmp_path / 'limits.yaml')


@pytest.mark.parametrize(('words', 'told'), [
    (('--fuser', 'best'), "unknown fuser 'best'; valid: act_ensemble"),
    (('--delay', 'long'), "--delay 'long'"),
    (('--delay', '-5'), 'between 0 and 10000 ms'),
    (('--jobs', '0'), '--jobs must be at least 1'),
    (('--checkpoint', 'none'), 'none'),
])
def test_a_wrong_option_is_named(bags, tmp_path, words, told, capsys):
    assert main(['replay', str(bags[0]), '--robot', 'so101', '--report', str(tmp_path / 'no'), *words]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / 'no').exists()


def test_bags_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [tmp_path / 'monday' / 'bag', tmp_path / 'tuesday' / 'bag']
    assert short_names(paths) == ['monday/bag', 'tuesday/bag']
    assert short_names(paths[:1]) == ['bag']
    for path in paths:
        sine_bag.write(path, 0.5)
    _, report = replay(tmp_path / 'report', paths)
    assert [bag['bag'] for bag in report['bags']] == ['monday/bag', 'tuesday/bag']
    assert {path.name for path in (tmp_path / 'report').glob('*.png')} == {'monday_bag.png', 'tuesday_bag.png'}


def test_a_figure_that_is_unknown_misses_its_threshold(bags):
    total = judge(Work(bags[0], 'one', 'so101', (), 0))
    assert total.judged == []
    missed = thresholds.Threshold('error.chunk.mae', True, 1.0).missed({'error': {'chunk': {'mae': None}}})
    assert missed == 'error.chunk.mae is unknown'


def test_a_configuration_compared_with_itself_has_not_changed(bags, tmp_path):
    _, report = replay(tmp_path, bags[:2], '--fuser', 'vla_async')
    totals = [bag['configurations'][0]['total'] for bag in report['bags']]
    again = compare([totals, totals], seed=0)[1]
    for name in FIGURES:
        if figure(totals[0], name) is not None:
            assert again[name]['change_mean'] == 0 and again[name]['change_interval_95'] == [0, 0]


def test_intervals_hold_the_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = sum(low <= 1.0 <= high for low, high in (interval(rng.normal(1.0, 0.2, 20), 0) for _ in range(200)))
    assert 170 <= hits <= 199
    assert interval(np.array([1.0]), 0) is None


def test_figures_are_rounded_to_six_digits_and_counts_are_not():
    assert rounded({'a': [1.23456789, (7, None, True)], 'b': 123456789}) == {'a': [1.23457, [7, None, True]],
                                                                           'b': 123456789}


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_as_this_process(bags, tmp_path):
    pytest.importorskip('ray', reason="pip install 'vla_async[cluster]'")
    assert replay(tmp_path / 'here', bags[:2], '--jobs', '1')[0] == 0
    assert replay(tmp_path / 'cluster', bags[:2], '--jobs', '2', '--cluster', 'local')[0] == 0
    here, there = ((tmp_path / name / 'report.json').read_bytes() for name in ('here', 'cluster'))
    assert here == there


def test_stops_are_told_on_the_page_and_a_bag_in_which_nothing_was_asked_has_one_too(tmp_path):
    with BagWriter(tmp_path / 'stopped') as bag:
        for i, state in enumerate(('following', 'stopping', 'stopped')):
            at_ns = sine_bag.BEGIN + i * 10**8
            bag.write('/system_status', 'vla_async_msgs/msg/SystemStatus', at_ns, header=bag.header(at_ns), state=state,
                      text=f'{state}: button <b>')
            bag.write('/joint_states', 'sensor_msgs/msg/JointState', at_ns, header=bag.header(at_ns),
                      name=list(ROBOT.joint_names), position=ROBOT.array('home'), velocity=np.zeros(ROBOT.dof))
        bag.write('/task', 'vla_async_msgs/msg/Task', at_ns, header=bag.header(at_ns), id=1, instruction='')
    status, report = replay(tmp_path / 'report', [tmp_path / 'stopped'])
    assert status == 2
    assert [(fault['topic'], fault['text']) for fault in report['bags'][0]['faults']] == [
        ('action_chunk', 'nothing was recorded')]
    assert [stop['state'] for stop in report['bags'][0]['stops']] == ['stopping', 'stopped']
    jsonschema.validate(report, SCHEMA_DATA)
    page = (tmp_path / 'report' / 'report.html').read_text()
    assert 'stopped: button &lt;b&gt;' in page


def test_words_of_a_bag_are_text_on_the_page_and_nothing_else(tmp_path):
    wicked = '</script><script>alert(1)</script>'

    def spoil(topic, fields):
        return fields | {'instruction': wicked} if topic == 'task' and fields['instruction'] else fields
    replay(tmp_path / 'report', [sine_bag.write(tmp_path / 'wicked', 1.0, spoil=spoil)])
    assert wicked not in (tmp_path / 'report' / 'report.html').read_text()
