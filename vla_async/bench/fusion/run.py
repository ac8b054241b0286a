"""One fuser through one scenario: chunks in as they arrive, set-points out at servo rate."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from vla_async.bench.fusion.scenarios import START_NS, STEP_NS, Policy, Scenario
from vla_async.fusion import make_fuser
from vla_async.fusion.factory import OURS
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray, FusionReport

SERVO_PER_STEP = 8  # 240 Hz
SERVO_NS = STEP_NS // SERVO_PER_STEP
WINDOW_STEP_NS, WINDOW_POINTS = 20_000_000, 50
Result = TypeVar('Result')


@dataclass
class Trace:
    """What a fuser made of a scenario; N servo ticks."""

    scenario: Scenario
    times_s: FloatArray  # (N,) since the start
    positions: FloatArray  # (N, D)
    reports: list[FusionReport] = field(default_factory=list)
    added_s: list[float] = field(default_factory=list)  # when each chunk arrived, since the start
    add_us: list[float] = field(default_factory=list)
    command_us: list[float] = field(default_factory=list)
    window_us: list[float] = field(default_factory=list)  # of WINDOW_POINTS; baselines make none


def run(name: str, scenario: Scenario, seed: int) -> Trace:
    """Virtual time; only the timings depend on the machine."""
    fuser, policy = make_fuser(name, scenario.config()), Policy(scenario, seed)
    fuser.reset(START_NS, scenario.wanted(0.0, np.zeros(1))[0])
    count = round(scenario.seconds * NS_PER_S / SERVO_NS)
    trace = Trace(scenario, np.arange(count) * SERVO_NS / NS_PER_S, np.empty((count, scenario.dof)))
    feed = _Asked(fuser, policy) if getattr(fuser, 'synchronous', False) else _Scheduled(fuser, policy)
    for k in range(count):
        now_ns = START_NS + k * SERVO_NS
        for chunk in feed.due(now_ns):
            trace.reports.append(timed(trace.add_us, fuser.add, chunk, now_ns))
            trace.added_s.append(trace.times_s[k])
            if name == OURS:
                timed(trace.window_us, fuser.window, now_ns, WINDOW_STEP_NS, WINDOW_POINTS)
        trace.positions[k] = timed(trace.command_us, fuser.command, now_ns).position
    return trace


def timed(durations_us: list[float], call: Callable[..., Result], *arguments: Any) -> Result:
    """What the call returns; how long it took is appended [us]."""
    begin = time.perf_counter_ns()
    result = call(*arguments)
    durations_us.append((time.perf_counter_ns() - begin) / 1e3)
    return result


class _Scheduled:
    """Chunks come by the clock, whether or not the last one is used up."""

    def __init__(self, fuser: Any, policy: Policy) -> None:
        self._fuser = fuser
        arrivals = sorted(policy.arrivals(getattr(fuser, 'samples', 1)), key=lambda arrival: arrival[0])
        self._arrivals = arrivals[::-1]

    def due(self, now_ns: int) -> Any:
        while self._arrivals and self._arrivals[-1][0] <= now_ns:
            made = self._arrivals.pop()[1]
            yield made[0] if len(made) == 1 else self._fuser.choose(made, now_ns)


class _Asked:
    """The next chunk is asked for when the last one is used up."""

    def __init__(self, fuser: Any, policy: Policy) -> None:
        self._fuser, self._policy = fuser, policy
        self._seen_ns = self._arrives_ns = 0

    def due(self, now_ns: int) -> Any:
        if not self._arrives_ns and self._fuser.used_up(now_ns):
            self._seen_ns = now_ns // STEP_NS * STEP_NS
            self._arrives_ns = now_ns + self._policy.delay_ns()
        elif self._arrives_ns and now_ns >= self._arrives_ns:
            self._arrives_ns = 0
            yield self._policy.chunk(self._seen_ns)
