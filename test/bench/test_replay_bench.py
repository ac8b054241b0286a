"""The replay benchmark makes a long recording out of a short one and says what it measured."""
import json
from itertools import count

import pytest
import sine_bag
from sine_bag import ROBOT, S

from vla_async.bench.replay.looped import Looped
from vla_async.cli import main
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.judge import judge_recording
from vla_async.replay.recordings.bag_recording import BagRecording


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return sine_bag.write(tmp_path_factory.mktemp('bags') / 'wave', seconds=2.0)


def test_rounds_follow_each_other_and_each_gives_the_same(bag):
    shares = []
    once, _ = judge_recording(BagRecording(bag, ROBOT), ROBOT, Configuration(), None, 0)
    ticks = count()
    looped = Looped(BagRecording(bag, ROBOT), 12 * S, shares.append, lambda: next(ticks))
    stamps = [event.at_ns for event in looped.events(pictures=False)]
    assert stamps == sorted(stamps) and 11 * S < stamps[-1] - stamps[0] < 12 * S
    thrice, _ = judge_recording(looped, ROBOT, Configuration(), None, 0)
    assert thrice.total['chunks'] == 3 * once.total['chunks']
    assert thrice.total['seam'] == pytest.approx(once.total['seam'], rel=1e-3, abs=1e-9)
    assert max(one.total['error']['motion']['mae'] for one in (once, thrice)) < 1e-4
    assert shares[0] == pytest.approx(1 / 3, abs=0.02)
    assert looped.reopening_s == 2 * 3  # of two lives, every round but the first


def test_the_figures_are_written(bag, tmp_path, capsys):
    out = tmp_path / 'bench.json'
    status = main(['bench', 'replay', str(bag), '--robot', 'so101', '--hours', '0.005', '--json', str(out)])
    told = json.loads(out.read_text())
    assert status in (0, 1) and status == (not all(target['met'] for target in told['targets']))
    assert told['chunks'] > 0 and told['processor_s'] > 0 and len(told['held_mib']) >= 3
    assert 'times faster than life' in capsys.readouterr().out
