"""Bad messages on every input of every node, beside the good ones.

Left out: the topics of the controllers, on which nobody but the bridge may speak at all (see commanders.py), and those
which only reports are made from.
"""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from vla_async.bench.faults.fault import Context, Fault
from vla_async.bench.faults.injector import Injector
from vla_async.bench.faults.spoil import REORDERED, kinds
from vla_async.nodes import topics
from vla_async.nodes.topics import Topic

INJECTED_S = 0.6
FAST_S, SLOW_S = 1 / 30, 1 / 10  # period of what is injected
FAST = (topics.JOINT_STATES, topics.ACTION_CHUNK, topics.TRAJECTORY, topics.JOINT_SET_POINT)
SLOW = (topics.TASK, topics.LATENT_UPDATE, topics.LATENT)


def inject(topic: Topic | None, kind: str, period_s: float, context: Context) -> None:
    """Messages of one kind on one topic; None: on that of some camera."""
    camera = context.robot.cameras[int(context.rng.integers(len(context.robot.cameras)))]
    injector = Injector(context.driver, topic or topics.camera(camera), context.rng)
    injector.listen(2 if kind == REORDERED else 1)
    with injector.speaking(kind, period_s):
        context.begin()
        context.driver.wait(INJECTED_S)


def _faults() -> Iterator[Fault]:
    for period_s, chosen in ((FAST_S, FAST), (SLOW_S, SLOW)):
        for topic in chosen:
            for kind in kinds(topic.message):
                yield Fault(f'{kind} on {topic.name}', partial(inject, topic, kind, period_s))
    for kind in kinds(topics.SPECTATOR.message):
        yield Fault(f'{kind} on a camera', partial(inject, None, kind, FAST_S))


FAULTS = tuple(_faults())
