"""A report has the same bytes on a processor that computes in another way."""
import numpy as np
import other_processor
import pytest
import sine_bag

from vla_async.replay.open_loop.moments import _first_of_largest, _largest
from vla_async.replay.open_loop.rounding import rounded


@other_processor.needs_a_newer_one
def test_the_report_of_a_bag_has_the_same_bytes_on_an_older_processor(tmp_path):
    if not other_processor.differs():
        pytest.skip('both multiply matrices alike here')
    bag = sine_bag.write(tmp_path / 'bag', 3.0)
    words = ('-m', 'vla_async.cli', 'replay', str(bag), '--robot', 'so101', '--jobs', '1', '--delay', '0,100',
             '--fuser', 'vla_async,hard_switch,act_ensemble,vla_rail_code,bid_selection')
    for name, older in (('newer', False), ('older', True)):
        other_processor.run(*words, '--report', str(tmp_path / name), older=older)
    assert (tmp_path / 'newer/report.json').read_bytes() == (tmp_path / 'older/report.json').read_bytes()


def test_what_is_nothing_but_rounding_is_told_as_nothing():
    assert rounded([4.4e-16, -1.8e-12, 1e-8]) == [0.0, 0.0, 1e-8]
    assert str(rounded(-1e-16)) == '0.0'


def test_the_last_bits_do_not_choose_among_moments_that_are_told_alike():
    values = np.array([0.1, 0.98, 0.5, 0.98, 0.98, 0.98, 1e-15])
    noisy = values + np.array([0.0, 0.0, 0.0, 2e-12, 1e-12, 3e-12, 0.0])
    assert _largest(noisy) == _largest(values) == [1, 3, 4]
    assert _first_of_largest(noisy) == _first_of_largest(values) == 1
    assert _largest(np.array([1e-15, 0.0])) == []
