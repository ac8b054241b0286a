"""Anything at all into the fuser: what comes out is finite and inside the limits, and what was refused says why."""
from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np

from vla_async.embodiment import JOINT_KINDS, UNBOUNDED_KINDS
from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.fusion.admission import Columns
from vla_async.progress import ProgressBar
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray, JointCommand, JointWindow

EPISODE = 100  # chunks into one fuser
LOOKS = 6  # set-points between two chunks
WINDOWS = 0.25  # share of the chunks after which a window is asked for
WINDOW_STEP_NS = 20_000_000
ROUNDING = 1e-9
ENDLESS = 3.0  # half the range in which a joint without limits is moved [rad]
START_NS = 1_700_000_000 * NS_PER_S
BAD = ('not_finite', 'violations', 'restless', 'unnamed')  # what must not happen
COUNTED = ('chunks', 'refused', 'set_points', 'windows', *BAD)


def fuzz(chunks: int, jobs: int) -> dict[str, int]:
    """Counts of chunks, refused ones, set-points, windows, and of everything that must not happen: not finite, beyond
    a limit, a window that does not end at rest, refused without a reason."""
    episodes = -(-chunks // EPISODE)
    counts: Counter[str] = Counter()
    with ProgressBar('episodes') as bar, ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        waiting = [pool.submit(batch, first, min(first + EPISODE, episodes)) for first in range(0, episodes, EPISODE)]
        for number, done in enumerate(as_completed(waiting), 1):
            counts += done.result()
            bar.update(number, len(waiting))
    return {key: counts[key] for key in COUNTED}


def batch(first: int, last: int) -> Counter[str]:
    """Counts of the episodes with these seeds."""
    counts: Counter[str] = Counter()
    for seed in range(first, last):
        counts += episode(seed)
    return counts


def episode(seed: int) -> Counter[str]:
    """One random robot and EPISODE random chunks."""
    rng = np.random.default_rng(seed)
    config = random_robot(rng)
    limits, fuser = config.limits, ChunkFuser(config)
    now_ns, counts = START_NS, Counter[str]()
    fuser.reset(now_ns, np.clip(rng.uniform(-3.0, 5.0, limits.dof), limits.position_min, limits.position_max))
    for number in range(EPISODE):
        report = fuser.add(random_chunk(rng, Columns.of_joints(config), now_ns, number), now_ns)
        counts.update(chunks=1, refused=not report.accepted, unnamed=not report.accepted and not report.reason)
        for after_s in np.sort(rng.uniform(0.0, 2.0, LOOKS)):
            command = fuser.command(now_ns + nanoseconds(after_s))
            counts.update(set_points=1, **checked(command, limits))
        if rng.uniform() < WINDOWS:
            points = int(config.stop_s * NS_PER_S / WINDOW_STEP_NS) + int(rng.integers(2, 60))
            window = fuser.window(now_ns + nanoseconds(rng.uniform(0.0, 2.0)), WINDOW_STEP_NS, points)
            counts.update(windows=1, restless=bool(window.velocity[-1].any() or window.acceleration[-1].any()),
                          **checked(window, limits))
        now_ns += nanoseconds(rng.choice([0.0, 0.004, 1 / 30, 0.2, 1.0, 5.0]))
    return counts


def random_robot(rng: np.random.Generator) -> FuserConfig:
    """One to ten joints of all kinds with limits from those of a slow base to those of a fast gripper."""
    dof = int(rng.integers(1, 11))
    kinds = rng.choice(JOINT_KINDS, dof)
    endless = np.isin(kinds, UNBOUNDED_KINDS)
    lower = rng.uniform(-3.0, 0.0, dof)
    upper = lower + rng.uniform(0.1, 5.0, dof)
    velocity = 10.0 ** rng.uniform(-1.5, 1.5, dof)
    acceleration = velocity * 10.0 ** rng.uniform(0.0, 1.5, dof)
    jerk = acceleration * 10.0 ** rng.uniform(0.5, 1.5, dof) if rng.uniform() < 0.7 else None
    limits = JointLimits(np.where(endless, -np.inf, lower), np.where(endless, np.inf, upper), velocity, acceleration,
                         jerk)
    return FuserConfig(tuple(f'joint_{d}' for d in range(dof)), limits, tuple(kinds.tolist()))


def random_chunk(rng: np.random.Generator, columns: Columns, now_ns: int, number: int) -> ActionChunk:
    """A chunk as a good, a bad or a broken policy makes it; most stay near the range of what they speak of."""
    steps = int(rng.choice([0, 1, 2, 3, 10, 32, 50, 100]))
    lower, upper = np.maximum(columns.lower, -ENDLESS), np.minimum(columns.upper, ENDLESS)
    width = lower.size if rng.uniform() < 0.97 else lower.size + 1
    walk = rng.normal(0.0, 10.0 ** rng.uniform(-3, 0.5), (steps, width)).cumsum(axis=0) + rng.uniform(-2.0, 2.0, width)
    positions = np.resize(lower + upper, width) / 2 + walk * np.resize(upper - lower, width) / 2
    fault = rng.uniform()
    if steps and fault < 0.1:
        positions[rng.integers(steps), rng.integers(width)] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e18])
    stamp_ns = now_ns - nanoseconds(rng.choice([0.0, 0.05, 0.5, 3.0, -0.3, -100.0]))
    step_ns = int(rng.choice([NS_PER_S // 30, NS_PER_S // 10, NS_PER_S // 100, 1, 0, -NS_PER_S // 30],
                             p=[0.7, 0.1, 0.1, 0.04, 0.03, 0.03]))
    sequence = number + 1 if rng.uniform() < 0.95 else int(rng.integers(0, number + 1))
    return ActionChunk(stamp_ns, step_ns, positions[::-1] if fault > 0.95 else positions, sequence=sequence)


def checked(motion: JointCommand | JointWindow, limits: JointLimits) -> dict[str, bool]:
    """Whether a set-point or a window is `not_finite`, and if it is finite, whether `violations` are in it."""
    states = motion.position, motion.velocity, motion.acceleration
    finite = all(np.isfinite(state).all() for state in states)
    return {'not_finite': not finite, 'violations': finite and not inside(states, limits)}


def inside(states: tuple[FloatArray, FloatArray, FloatArray], limits: JointLimits) -> bool:
    """Whether position, velocity and acceleration, each (D,) or (N, D), keep the limits."""
    position, velocity, acceleration = states
    return bool((position >= limits.position_min - ROUNDING).all()
                and (position <= limits.position_max + ROUNDING).all()
                and (np.abs(velocity) <= limits.velocity * (1 + ROUNDING)).all()
                and (np.abs(acceleration) <= limits.acceleration * (1 + ROUNDING)).all())
