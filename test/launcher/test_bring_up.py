import pytest

from vla_async.launcher.bring_up import ACTIVE, INACTIVE, RETRY_S, UNCONFIGURED, UNREACHABLE, BringUp

NODES = ('reasoner', 'fuser', 'bridge')


@pytest.fixture
def bring_up():
    return BringUp(NODES)


@pytest.fixture
def running():
    made = BringUp(NODES)
    for name in NODES:
        made.saw(name, ACTIVE)
    return made


def carry_out(made, now_s=0.0):
    """Every due transition as if it succeeded; returns them in order."""
    done = []
    while (due := made.due(now_s)) is not None:
        name, transition = due
        made.saw(name, INACTIVE if transition == 'configure' else ACTIVE)
        done.append(due)
    return done


def test_nodes_are_configured_and_activated_one_after_the_other_in_order(bring_up):
    for name in NODES:
        bring_up.saw(name, UNCONFIGURED)
    assert carry_out(bring_up) == [(name, step) for name in NODES for step in ('configure', 'activate')]
    assert bring_up.complete


def test_at_the_start_a_node_waits_for_those_before_it(bring_up):
    bring_up.saw('bridge', UNCONFIGURED)
    assert bring_up.due(0.0) is None
    bring_up.saw('reasoner', UNCONFIGURED)
    assert bring_up.due(0.0) == ('reasoner', 'configure')


def test_a_failed_transition_is_tried_again_after_a_pause_and_its_error_is_kept(bring_up):
    bring_up.saw('reasoner', UNCONFIGURED)
    bring_up.failed('reasoner', 'no such checkpoint', now_s=10.0)
    assert bring_up.due(10.0 + RETRY_S - 0.01) is None
    assert bring_up.due(10.0 + RETRY_S) == ('reasoner', 'configure')
    assert bring_up.errors == {'reasoner': 'no such checkpoint'}
    bring_up.saw('reasoner', ACTIVE)
    assert bring_up.errors == {}


def test_a_restarted_node_is_brought_up_again_and_counted_once(running):
    running.saw('fuser', UNREACHABLE)
    running.saw('fuser', UNCONFIGURED)
    running.saw('fuser', UNCONFIGURED)
    assert running.restarts == 1
    assert carry_out(running) == [('fuser', 'configure'), ('fuser', 'activate')]


def test_a_dead_node_does_not_keep_others_from_coming_back(running):
    running.saw('reasoner', UNREACHABLE)
    running.saw('bridge', UNCONFIGURED)
    assert running.due(0.0) == ('bridge', 'configure')


def test_a_node_that_somebody_deactivated_is_activated_again_without_counting(running):
    running.saw('bridge', INACTIVE)
    assert running.due(0.0) == ('bridge', 'activate')
    assert running.restarts == 0
