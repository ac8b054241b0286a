"""A report has the same bytes on a processor that computes in another way."""
import json

import numpy as np
import other_processor
import pytest
import seen_bag
import sine_bag
import torch

from vla_async.acting.expert import ActionExpert
from vla_async.acting.policy_spec import PolicySpec
from vla_async.replay.open_loop.moments import _first_of_largest, _largest
from vla_async.replay.open_loop.rounding import rounded
from vla_async.training.initialise import initialise


def policy(folder):
    """A small one whose chunks follow from all that it is given; the output layer of a new one is zero."""
    initialise(folder, seen_bag.ROBOT, 'tiny')
    expert = ActionExpert.load(folder, PolicySpec.load(folder))
    torch.nn.init.normal_(expert.field.action_out.weight, std=0.1, generator=torch.Generator().manual_seed(0))
    expert.save(folder)
    return folder


def reports(folder, *options):
    """report.json from this processor and from the older one."""
    if not other_processor.differs():
        pytest.skip('both multiply matrices alike here')
    words = ('-m', 'vla_async.cli', 'replay', *map(str, options), '--jobs', '1')
    for name, older in (('newer', False), ('older', True)):
        other_processor.run(*words, '--report', str(folder / name), older=older)
    return [(folder / name / 'report.json').read_bytes() for name in ('newer', 'older')]


@other_processor.needs_a_newer_one
def test_the_report_of_a_bag_has_the_same_bytes_on_an_older_processor(tmp_path):
    newer, older = reports(tmp_path, sine_bag.write(tmp_path / 'bag', 3.0), '--robot', 'so101', '--delay', '0,100',
                           '--fuser', 'vla_async,hard_switch,act_ensemble,vla_rail_code,bid_selection')
    assert newer == older


@pytest.mark.slow
@other_processor.needs_a_newer_one
def test_so_has_that_of_a_policy(tmp_path):
    newer, older = reports(tmp_path, seen_bag.write(tmp_path / 'bag', 1.5), '--robot', seen_bag.ROBOT.name,
                           '--checkpoint', policy(tmp_path / 'mine'))
    assert json.loads(newer)['bags'][0]['configurations'][0]['total']['chunks'] > 5
    assert newer == older


def test_what_is_nothing_but_rounding_is_told_as_nothing():
    assert rounded([4.4e-16, -1.8e-12, 1e-8]) == [0.0, 0.0, 1e-8]
    assert str(rounded(-1e-16)) == '0.0'


def test_the_last_bits_do_not_choose_among_moments_that_are_told_alike():
    values = np.array([0.1, 0.98, 0.5, 0.98, 0.98, 0.98, 1e-15])
    noisy = values + np.array([0.0, 0.0, 0.0, 2e-12, 1e-12, 3e-12, 0.0])
    assert _largest(noisy) == _largest(values) == [1, 3, 4]
    assert _first_of_largest(noisy) == _first_of_largest(values) == 1
    assert _largest(np.array([1e-15, 0.0])) == []
