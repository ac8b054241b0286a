"""The latent buffer keeps the newest good latent of the present task and says how far it counts."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async.latent import LatentBuffer, LatentRules
from vla_async.types import Latent, Task

S = 1_000_000_000
NOW = 1_000 * S
CUBE = Task(7, NOW, 'touch the red cube')
BALL = Task(8, NOW + S, 'touch the blue ball')


def latent(task=CUBE, age_s=0.1, sequence=1, model='a', fused=True, now_ns=NOW, **changes):
    made = Latent(stamp_ns=now_ns - round(age_s * S), ready_ns=now_ns, sequence=sequence, task_id=task.id,
                  instruction=task.instruction, model_id=model, instruction_embedding=np.ones((3, 4), np.float16),
                  fusion=np.ones((2, 4), np.float16) if fused else None)
    return replace(made, **changes)


@pytest.fixture
def buffer():
    kept = LatentBuffer(LatentRules(fresh_s=2.0, absent_s=6.0))
    kept.set_task(CUBE)
    return kept


def test_an_empty_buffer_is_absent(buffer):
    assert buffer.current(NOW).status == 'absent'
    assert buffer.current(NOW).latent is None


@pytest.mark.parametrize(('age_s', 'status'), [(0.0, 'fresh'), (2.0, 'fresh'), (2.1, 'stale'), (6.0, 'stale'),
                                               (6.1, 'absent')])
def test_the_status_follows_the_age_of_the_observation(buffer, age_s, status):
    assert buffer.offer(latent(age_s=0.0), NOW).accepted
    state = buffer.current(NOW + round(age_s * S))
    assert state.status == status
    assert (state.latent is None) == (status == 'absent')


def test_an_older_observation_does_not_replace_a_newer_one(buffer):
    buffer.offer(latent(age_s=0.1, sequence=2), NOW)
    verdict = buffer.offer(latent(age_s=0.5, sequence=3), NOW)
    assert not verdict.accepted
    assert 'not newer' in verdict.reason
    assert buffer.current(NOW).latent.sequence == 2


def test_a_reasoner_that_restarted_counts_anew_and_is_heard(buffer):
    buffer.offer(latent(age_s=0.5, sequence=900), NOW)
    assert buffer.offer(latent(age_s=0.1, sequence=1), NOW).accepted


def test_the_complete_latent_replaces_its_prefill(buffer):
    buffer.offer(latent(complete=False), NOW)
    assert buffer.offer(latent(complete=True, reasoning='reach left'), NOW).accepted
    assert buffer.current(NOW).latent.reasoning == 'reach left'
    assert not buffer.offer(latent(complete=False), NOW).accepted


def test_a_new_instruction_drops_the_fused_part_at_once(buffer):
    buffer.offer(latent(), NOW)
    buffer.set_task(BALL)
    assert buffer.current(NOW).status == 'absent'


def test_the_new_instruction_passes_before_the_scene_is_read(buffer):
    buffer.offer(latent(), NOW)
    buffer.set_task(BALL)
    assert buffer.offer(latent(BALL, fused=False), NOW).accepted
    assert buffer.current(NOW).latent.fusion is None
    assert buffer.offer(latent(BALL, age_s=0.3), NOW).accepted, 'a scene seen before the task was given still counts'


def test_an_instruction_alone_never_replaces_a_scene(buffer):
    buffer.offer(latent(age_s=1.0), NOW)
    assert not buffer.offer(latent(age_s=0.0, fused=False, sequence=9), NOW).accepted


def test_a_latent_that_comes_before_its_task_is_taken_up_with_it(buffer):
    assert not buffer.offer(latent(BALL, fused=False), NOW).accepted
    buffer.set_task(BALL)
    assert buffer.current(NOW).latent.instruction == BALL.instruction


def test_a_late_latent_of_the_last_task_is_refused_by_name(buffer):
    buffer.set_task(BALL)
    verdict = buffer.offer(latent(CUBE), NOW)
    assert CUBE.instruction in verdict.reason
    assert BALL.instruction in verdict.reason


def test_an_empty_instruction_leaves_nothing(buffer):
    buffer.offer(latent(), NOW)
    buffer.set_task(Task(9, NOW, ''))
    assert buffer.current(NOW).status == 'absent'
    assert 'hold still' in buffer.offer(latent(), NOW).reason


def test_without_a_task_nothing_is_kept():
    assert 'no task' in LatentBuffer().offer(latent(), NOW).reason


@pytest.mark.parametrize('field', ['fusion', 'instruction_embedding'])
def test_what_is_not_finite_is_refused(buffer, field):
    verdict = buffer.offer(latent(**{field: np.array([[1.0, np.nan]], np.float16)}), NOW)
    assert not verdict.accepted
    assert 'not finite' in verdict.reason


def test_a_stamp_from_the_future_tells_of_clocks_that_differ(buffer):
    assert buffer.offer(latent(age_s=-0.3), NOW).accepted
    assert 'clocks' in buffer.offer(latent(age_s=-3.0), NOW).reason


def test_a_very_old_latent_is_refused(buffer):
    assert '7.00 s old, limit 6.00 s' in buffer.offer(latent(age_s=7.0), NOW).reason


@pytest.mark.parametrize(('age_s', 'reason'), [(2.0, ''), (2.5, 'the latent is 2.50 s old'),
                                               (6.5, 'its observation is 6.50 s old, limit 6.00 s')])
def test_why_a_latent_is_not_fresh_is_said_with_its_age(buffer, age_s, reason):
    buffer.offer(latent(age_s=0.0), NOW)
    said = buffer.current(NOW + round(age_s * S)).reason
    assert said.endswith(reason)
    assert bool(said) == bool(reason)


def test_the_reasoners_death_changes_nothing_until_the_limit_of_age(buffer):
    kept = latent(age_s=0.0)
    buffer.offer(kept, NOW)
    for tenth in range(61):
        assert buffer.current(NOW + tenth * S // 10).latent is kept
    assert buffer.current(NOW + 6 * S + 1).latent is None


class TestClockThatWasSet:
    def test_a_latent_of_a_clock_that_was_set_back_is_not_young(self, buffer):
        buffer.offer(latent(age_s=0.0), NOW)
        state = buffer.current(NOW - 10 * S)
        assert state.status == 'absent'
        assert '10.00 s in the future' in state.reason

    def test_the_next_latent_is_taken_though_its_stamp_is_lower(self, buffer):
        buffer.offer(latent(age_s=0.0), NOW)
        earlier = NOW - 10 * S
        assert buffer.offer(latent(age_s=0.1, sequence=2, now_ns=earlier), earlier).accepted

    def test_what_is_forgotten_counts_no_more_and_the_task_stays(self, buffer):
        buffer.offer(latent(age_s=1.5), NOW)
        buffer.forget()
        assert buffer.current(NOW).status == 'absent'
        assert buffer.offer(latent(age_s=1.5, sequence=1), NOW).accepted


class TestTwoReasoners:
    def test_the_second_waits_while_the_first_is_fresh_and_both_are_named(self, buffer):
        buffer.offer(latent(age_s=1.0, model='gpu'), NOW)
        verdict = buffer.offer(latent(age_s=0.0, model='board'), NOW)
        assert not verdict.accepted
        assert 'gpu' in verdict.reason
        assert 'board' in verdict.reason

    def test_the_second_takes_over_when_the_first_is_stale(self, buffer):
        buffer.offer(latent(age_s=2.5, model='gpu'), NOW)
        assert buffer.offer(latent(age_s=0.0, model='board'), NOW).accepted

    def test_an_older_observation_does_not_take_over(self, buffer):
        buffer.offer(latent(age_s=2.5, model='gpu'), NOW)
        assert not buffer.offer(latent(age_s=3.0, model='board'), NOW).accepted

    def test_the_preferred_one_takes_over_at_once_and_stays(self):
        buffer = LatentBuffer(LatentRules(preferred_model='gpu'))
        buffer.set_task(CUBE)
        buffer.offer(latent(model='board'), NOW)
        assert buffer.offer(latent(age_s=0.5, model='gpu'), NOW).accepted
        assert 'preferred' in buffer.offer(latent(age_s=0.0, model='board'), NOW).reason
