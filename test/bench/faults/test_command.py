"""The command line, and which faults it chooses."""
import argparse
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from vla_async.bench.faults import command
from vla_async.bench.faults.graph import NODES
from vla_async.bench.faults.judge import COMES_BACK, Trace, Verdict
from vla_async.bench.faults.kinds import FAULTS
from vla_async.bench.faults.rows import Run
from vla_async.errors import ConfigError
from vla_async.graph import ALL


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return lambda *words: parser.parse_args(words)


def names(patterns):
    return [fault.name for fault in command._chosen(patterns)]


def test_every_node_of_the_table_is_killed_and_stopped():
    assert set(NODES) == {spec.name for spec in ALL}
    assert {f'{harm} {spec.name}' for harm in ('kill', 'stop') for spec in ALL} <= {fault.name for fault in FAULTS}


def test_no_two_faults_have_the_same_name():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_faults_are_chosen_by_name_or_pattern_in_the_order_of_the_table():
    assert names(['kill recorder', 'no fault']) == ['no fault', 'kill recorder']
    assert names(['clock *']) == ['clock +10 s', 'clock -10 s', 'clock of the policy host +10 s',
                                  'clock of the policy host -10 s']
    assert names(None) == [fault.name for fault in FAULTS]


def test_a_name_that_fits_nothing_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match="'kill everyone'.*kill hardware_bridge"):
        names(['kill everyone'])


def test_quick_is_twice_and_the_default_twenty_times(parse):
    assert parse().runs == 20
    assert parse('--quick').runs == 2


@pytest.mark.parametrize('words', [['--runs', '0'], ['--memory', '-1']])
def test_numbers_that_make_no_sense_are_refused(parse, words):
    with pytest.raises(ConfigError, match='positive'):
        command.run(parse(*words))


@pytest.mark.parametrize(('evidence', 'words'), [
    (None, '`--logs DIR` keeps the bag of failed runs'),
    (Path('logs/failed/no_fault_3'), 'its bag and logs: logs/failed/no_fault_3')])
def test_a_run_that_failed_tells_where_its_evidence_is_or_how_to_get_it(evidence, words):
    trace = Trace(np.empty(0), np.empty(0), np.empty(0), 0.0)
    failed = Run('no fault', 3, COMES_BACK, Verdict('the motion did not come back', None, None), trace, None, 2.0,
                 ('bridge holding',), None, evidence)
    assert command._failure(failed) == (
        f'no fault, run 3: the motion did not come back (bridge holding); {words}')


def test_faults_on_two_hosts_are_left_out_where_there_can_be_none_and_that_is_told(tmp_path, monkeypatch, capsys):
    from rich.console import Console

    from vla_async.bench.faults import hosts
    from vla_async.bench.faults.results import Results
    monkeypatch.setattr(hosts, 'TOOLS', ('no_such_tool',))
    results, chosen = Results({'settings': {}}, None), command._chosen(['no fault', 'cable of*'])
    with ExitStack() as stack:
        host, why_not = command._second_host(chosen, tmp_path, stack)
    assert host is None
    assert [fault.name for fault in command._possible(chosen, why_not, results, Console())] == ['no fault']
    assert [line.partition(':')[0] for line in results.content['left_out']] == [
        'cable of the policy host pulled', 'cable of the policy host loose']
    assert 'no_such_tool is missing' in capsys.readouterr().out
