"""What a fuser holds of the chunks that went through it: as much after an hour as after a minute."""
from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np

from vla_async.bench.fusion.run import OURS, make_fuser
from vla_async.bench.fusion.scenarios import BIASED, START_NS, Policy
from vla_async.bench.target import Target
from vla_async.timebase import NS_PER_S

RATE_HZ = 60
MINUTES = 60
GROWTH = 0.01  # share of what is held after a minute, or
GROWTH_BYTES = 64 * 1024  # so much, whichever is more: counters and names of Python's own


def minutes() -> Iterator[int]:
    """Bytes held after each minute of an hour."""
    return held_bytes(MINUTES, 60 * RATE_HZ)


def held_bytes(looks: int, chunks: int) -> Iterator[int]:
    """Bytes that are allocated after so many chunks, after so many more, and so on; in virtual time.

    What is allocated between two looks, as by a progress bar, does not count.
    """
    fuser, policy, now_ns = make_fuser(OURS, BIASED.config()), Policy(BIASED, 0), START_NS
    robot, held = np.zeros(BIASED.dof), 0
    fuser.reset(now_ns, robot)
    tracemalloc.start()
    try:
        for _ in range(looks):
            held -= tracemalloc.get_traced_memory()[0]
            for _ in range(chunks):
                fuser.add(policy.chunk(now_ns, robot), now_ns)
                now_ns += NS_PER_S // RATE_HZ
                fuser.command(now_ns)
            held += tracemalloc.get_traced_memory()[0]
            yield held
    finally:
        tracemalloc.stop()


def target(held: list[int]) -> Target:
    """The growth from the first look to the last one."""
    name = f'bytes more than the {held[0]} after a minute, after {len(held)}'
    return Target(name, float(held[-1] - held[0]), high=max(GROWTH * held[0], GROWTH_BYTES))
