import pytest

from vla_async.launcher.bring_up import ACTIVE, INACTIVE, RETRY_LONGEST_S, RETRY_S, UNCONFIGURED, UNREACHABLE, BringUp

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


def due(made, now_s=0.0, busy=()):
    return list(made.due(now_s, busy))


def carry_out(made, now_s=0.0):
    """Every due transition as if it succeeded; returns them in order."""
    done = []
    while steps := due(made, now_s):
        for name, transition in steps:
            made.saw(name, INACTIVE if transition == 'configure' else ACTIVE)
        done += steps
    return done


def test_nodes_are_configured_side_by_side_and_activated_one_after_the_other_in_order(bring_up):
    for name in NODES:
        bring_up.saw(name, UNCONFIGURED)
    assert due(bring_up) == [(name, 'configure') for name in NODES]
    assert carry_out(bring_up) == [*((name, 'configure') for name in NODES), *((name, 'activate') for name in NODES)]
    assert bring_up.complete


def test_a_node_that_is_busy_with_a_transition_is_left_alone(bring_up):
    for name in NODES:
        bring_up.saw(name, UNCONFIGURED)
    assert due(bring_up, busy={'reasoner', 'bridge'}) == [('fuser', 'configure')]


def test_at_the_start_a_node_is_activated_after_those_before_it(bring_up):
    for name in NODES[1:]:
        bring_up.saw(name, INACTIVE)
    assert due(bring_up) == []
    bring_up.saw('reasoner', ACTIVE)
    assert due(bring_up) == [('fuser', 'activate')]
    assert due(bring_up, busy={'fuser'}) == []


def test_a_failed_transition_is_tried_again_after_a_pause_and_its_error_is_kept(bring_up):
    bring_up.saw('reasoner', UNCONFIGURED)
    bring_up.failed('reasoner', 'no such checkpoint', now_s=10.0)
    assert due(bring_up, 10.0 + RETRY_S - 0.01) == []
    assert due(bring_up, 10.0 + RETRY_S) == [('reasoner', 'configure')]
    assert bring_up.errors == {'reasoner': 'no such checkpoint'}
    bring_up.saw('reasoner', ACTIVE)
    assert bring_up.errors == {}


def test_the_pauses_grow_with_each_failure_and_are_short_again_after_a_success(bring_up):
    bring_up.saw('reasoner', UNCONFIGURED)
    for pause_s in (0.2, 0.4, 0.8, 1.6, 3.2, RETRY_LONGEST_S, RETRY_LONGEST_S):
        bring_up.failed('reasoner', 'no such checkpoint', now_s=0.0)
        assert due(bring_up, pause_s - 0.01) == []
        assert due(bring_up, pause_s) == [('reasoner', 'configure')]
    bring_up.saw('reasoner', ACTIVE)
    bring_up.failed('reasoner', 'deactivated', now_s=0.0)
    bring_up.saw('reasoner', INACTIVE)
    assert due(bring_up, RETRY_S) == [('reasoner', 'activate')]


def test_a_restarted_node_is_brought_up_again_and_counted_once(running):
    running.saw('fuser', UNREACHABLE)
    running.saw('fuser', UNCONFIGURED)
    running.saw('fuser', UNCONFIGURED)
    assert running.restarts == 1
    assert carry_out(running) == [('fuser', 'configure'), ('fuser', 'activate')]


def test_a_dead_node_does_not_keep_others_from_coming_back(running):
    running.saw('reasoner', UNREACHABLE)
    running.saw('bridge', UNCONFIGURED)
    assert carry_out(running) == [('bridge', 'configure'), ('bridge', 'activate')]


def test_nodes_that_come_back_together_do_not_wait_for_one_another(running):
    for name in NODES:
        running.saw(name, UNCONFIGURED)
    assert due(running, busy={'reasoner'}) == [('fuser', 'configure'), ('bridge', 'configure')]
    running.saw('bridge', INACTIVE)
    assert due(running, busy={'reasoner', 'fuser'}) == [('bridge', 'activate')]


def test_a_node_that_somebody_deactivated_is_activated_again_without_counting(running):
    running.saw('bridge', INACTIVE)
    assert due(running) == [('bridge', 'activate')]
    assert running.restarts == 0
