"""Bad messages on every input of every node, and bad goals, beside the good ones.

Words of the stop signal say that nobody stops. What a bridge hears from its reserve it heeds only after a standstill.
Left out: the topics of the controllers, on which nobody but the bridge may speak at all (see commanders.py), those
which only reports are made from, and simulation_status, by which the runs themselves are judged.
"""
from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from functools import partial

from builtin_interfaces.msg import Duration
from vla_async_msgs.action import RunTask
from vla_async_msgs.msg import StopSignal

from vla_async.bench.faults.fault import Context, Fault
from vla_async.bench.faults.injector import Injector
from vla_async.bench.faults.spoil import REORDERED, TEXT, kinds
from vla_async.demo.operator import ANSWER_PATIENCE_S
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_time
from vla_async.nodes.topics import Topic
from vla_async.timebase import NS_PER_S

INJECTED_S = 0.6
STANDSTILL_S = (0.05, 0.5)
FAST_S, SLOW_S = 1 / 30, 1 / 10  # period of what is injected
FAST = (topics.JOINT_STATES, topics.ACTION_CHUNK, topics.TRAJECTORY, topics.JOINT_SET_POINT)
SLOW = (topics.TASK, topics.LATENT_UPDATE, topics.LATENT, topics.DIAGNOSTICS)
GOALS = {  # of run_task
    'empty': RunTask.Goal(), 'huge': RunTask.Goal(instruction='x' * TEXT),
    'negative time limit': RunTask.Goal(instruction='touch the red cube', time_limit=Duration(sec=-5))}


def inject(topic: Topic | None, kind: str, period_s: float, context: Context) -> None:
    """Messages of one kind on one topic; None: on that of some camera."""
    camera = context.robot.cameras[int(context.rng.integers(len(context.robot.cameras)))]
    injector = Injector(context.driver, topic or topics.camera(camera), context.rng)
    injector.listen(2 if kind == REORDERED else 1)
    with injector.speaking(kind, period_s):
        context.begin()
        context.driver.wait(INJECTED_S)


def inject_words(kind: str, context: Context) -> None:
    """Words of a stop signal."""
    injector = Injector(context.driver, topics.STOP_SIGNAL, context.rng)
    for ago_ns in (NS_PER_S // 10, 0):
        word = StopSignal()
        word.header.stamp = to_time(time.time_ns() - ago_ns)
        injector.learn(word)
    with injector.speaking(kind, FAST_S):
        context.begin()
        context.driver.wait(INJECTED_S)


def inject_to_the_frozen(kind: str, context: Context) -> None:
    """Set-points as of a reserve, while the bridge stands still."""
    injector = Injector(context.driver, topics.RESERVE_SET_POINT, context.rng)
    injector.listen(2, topics.JOINT_SET_POINT)
    with injector.speaking(kind, FAST_S):
        context.signal('hardware_bridge', signal.SIGSTOP)
        try:
            context.driver.wait(context.rng.uniform(*STANDSTILL_S))
        finally:
            context.signal('hardware_bridge', signal.SIGCONT)
        context.driver.wait(INJECTED_S)


def ask_badly(kind: str, context: Context) -> None:
    """Goals that cannot be meant; raises DataError when one is accepted."""
    context.begin()
    answers = []
    for _ in range(round(INJECTED_S / SLOW_S)):
        answers.append(context.driver.send_goal(GOALS[kind]))
        context.driver.wait(SLOW_S)
    context.driver.comes_true(lambda: all(answer.done() for answer in answers), ANSWER_PATIENCE_S)
    if any(answer.result().accepted for answer in answers if answer.done()):
        raise DataError(f'run_task has accepted a goal: {kind}')


def _faults() -> Iterator[Fault]:
    for period_s, chosen in ((FAST_S, FAST), (SLOW_S, SLOW)):
        for topic in chosen:
            for kind in kinds(topic.message):
                yield Fault(f'{kind} on {topic.name}', partial(inject, topic, kind, period_s))
    for kind in kinds(topics.SPECTATOR.message):
        yield Fault(f'{kind} on a camera', partial(inject, None, kind, FAST_S))
    for kind in GOALS:
        yield Fault(f'{kind} as goal of run_task', partial(ask_badly, kind))
    for kind in kinds(StopSignal):
        yield Fault(f'{kind} on {topics.STOP_SIGNAL.name}', partial(inject_words, kind))
    for kind in kinds(topics.RESERVE_SET_POINT.message):
        yield Fault(f'{kind} on {topics.RESERVE_SET_POINT.name}', partial(inject_to_the_frozen, kind),
                    victim='hardware_bridge')


FAULTS = tuple(_faults())
