"""The command line, and which faults it chooses."""
import argparse

import pytest

from vla_async.bench.faults import command
from vla_async.bench.faults.graph import NODES
from vla_async.bench.faults.kinds import FAULTS
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
