"""Anything at all into the fuser: what comes out is finite and inside the limits, and what was refused says why."""
from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np

from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.progress import ProgressBar
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray

EPISODE = 100  # chunks into one fuser
LOOKS = 6  # set-points between two chunks
ROUNDING = 1e-9
START_NS = 1_700_000_000 * NS_PER_S


def fuzz(chunks: int, jobs: int) -> dict[str, int]:
    """Counts of chunks, refused ones, set-points, and of everything that must not happen: not finite, beyond a limit,
    refused without a reason."""
    episodes = -(-chunks // EPISODE)
    counts: Counter[str] = Counter(chunks=0, refused=0, set_points=0, not_finite=0, violations=0, unnamed=0)
    with ProgressBar('episodes') as bar, ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        waiting = [pool.submit(batch, first, min(first + EPISODE, episodes)) for first in range(0, episodes, EPISODE)]
        for number, done in enumerate(as_completed(waiting), 1):
            counts += done.result()
            bar.update(number, len(waiting))
    return {key: counts[key] for key in ('chunks', 'refused', 'set_points', 'not_finite', 'violations', 'unnamed')}


def batch(first: int, last: int) -> Counter[str]:
    """Counts of the episodes with these seeds."""
    counts: Counter[str] = Counter()
    for seed in range(first, last):
        counts += episode(seed)
    return counts


def episode(seed: int) -> Counter[str]:
    """One random robot and EPISODE random chunks."""
    rng = np.random.default_rng(seed)
    limits = random_limits(rng)
    fuser = ChunkFuser(FuserConfig(tuple(f'joint_{d}' for d in range(limits.dof)), limits))
    now_ns, counts = START_NS, Counter[str]()
    fuser.reset(now_ns, rng.uniform(limits.position_min, limits.position_max))
    for number in range(EPISODE):
        report = fuser.add(random_chunk(rng, limits, now_ns, number), now_ns)
        counts.update(chunks=1, refused=not report.accepted, unnamed=not report.accepted and not report.reason)
        for after_s in np.sort(rng.uniform(0.0, 2.0, LOOKS)):
            command = fuser.command(now_ns + nanoseconds(after_s))
            states = (command.position, command.velocity, command.acceleration)
            finite = all(np.isfinite(state).all() for state in states)
            counts.update(set_points=1, not_finite=not finite, violations=finite and not inside(states, limits))
        now_ns += nanoseconds(rng.choice([0.0, 0.004, 1 / 30, 0.2, 1.0, 5.0]))
    return counts


def random_limits(rng: np.random.Generator) -> JointLimits:
    """One to ten joints with limits from those of a slow base to those of a fast gripper."""
    dof = int(rng.integers(1, 11))
    lower = rng.uniform(-3.0, 0.0, dof)
    velocity = 10.0 ** rng.uniform(-1.5, 1.5, dof)
    acceleration = velocity * 10.0 ** rng.uniform(0.0, 1.5, dof)
    jerk = acceleration * 10.0 ** rng.uniform(0.5, 1.5, dof) if rng.uniform() < 0.7 else None
    return JointLimits(lower, lower + rng.uniform(0.1, 5.0, dof), velocity, acceleration, jerk)


def random_chunk(rng: np.random.Generator, limits: JointLimits, now_ns: int, number: int) -> ActionChunk:
    """A chunk as a good, a bad or a broken policy makes it."""
    steps = int(rng.choice([0, 1, 2, 3, 10, 32, 50, 100]))
    width = limits.dof if rng.uniform() < 0.97 else limits.dof + 1
    walk = rng.normal(0.0, 10.0 ** rng.uniform(-3, 1), (steps, width)).cumsum(axis=0)
    positions = walk + rng.uniform(-3.0, 3.0, width)
    fault = rng.uniform()
    if steps and fault < 0.1:
        positions[rng.integers(steps), rng.integers(width)] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e18])
    stamp_ns = now_ns - nanoseconds(rng.choice([0.0, 0.05, 0.5, 3.0, -0.3, -100.0]))
    step_ns = int(rng.choice([NS_PER_S // 30, NS_PER_S // 10, NS_PER_S // 100, 1, 0, -NS_PER_S // 30],
                             p=[0.7, 0.1, 0.1, 0.04, 0.03, 0.03]))
    sequence = number + 1 if rng.uniform() < 0.95 else int(rng.integers(0, number + 1))
    return ActionChunk(stamp_ns, step_ns, positions[::-1] if fault > 0.95 else positions, sequence=sequence)


def inside(states: tuple[FloatArray, FloatArray, FloatArray], limits: JointLimits) -> bool:
    """Whether position, velocity and acceleration (D,) keep the limits."""
    position, velocity, acceleration = states
    return bool((position >= limits.position_min - ROUNDING).all()
                and (position <= limits.position_max + ROUNDING).all()
                and (np.abs(velocity) <= limits.velocity * (1 + ROUNDING)).all()
                and (np.abs(acceleration) <= limits.acceleration * (1 + ROUNDING)).all())
