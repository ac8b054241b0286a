"""One fuser through one scenario: chunks in as they arrive, set-points out at servo rate."""
from __future__ import annotations

import time
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from vla_async.bench.fusion.scenarios import START_NS, STEP_NS, Policy, Scenario
from vla_async.fusion import make_fuser
from vla_async.fusion.factory import FUSERS, OURS, Fuser
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray, FusionReport

SEARCHING, SEARCH_S = f'{OURS} with phase search', 0.1  # how far it may move a chunk [s]
COMPARED = (OURS, SEARCHING, *FUSERS[1:])
SERVO_PER_STEP = 8  # 240 Hz
SERVO_NS = STEP_NS // SERVO_PER_STEP
WINDOW_STEP_NS, WINDOW_POINTS = 20_000_000, 50
Result = TypeVar('Result')


@dataclass
class Trace:
    """What a fuser made of a scenario; N servo ticks."""

    scenario: Scenario
    times_s: FloatArray  # (N,) since the start
    positions: FloatArray  # (N, D) set-points
    robot: FloatArray  # (N, D) where joints get to that follow them, each as fast as it may
    reports: list[FusionReport] = field(default_factory=list)
    added_s: list[float] = field(default_factory=list)  # when each chunk arrived, since the start
    add_us: list[float] = field(default_factory=list)
    command_us: list[float] = field(default_factory=list)
    window_us: list[float] = field(default_factory=list)  # of WINDOW_POINTS; baselines make none


def _fuser(name: str, scenario: Scenario) -> Fuser:
    if name == SEARCHING:
        return make_fuser(OURS, replace(scenario.config(), phase_search_s=SEARCH_S))
    return make_fuser(name, scenario.config())


def run(name: str, scenario: Scenario, seed: int) -> Trace:
    """Virtual time; only the timings depend on the machine."""
    fuser, policy = _fuser(name, scenario), Policy(scenario, seed)
    robot = scenario.wanted(0.0, np.zeros(1), np.zeros(scenario.dof))[0]
    fuser.reset(START_NS, robot)
    count, most = round(scenario.seconds * NS_PER_S / SERVO_NS), scenario.most[0] * SERVO_NS / NS_PER_S
    trace = Trace(scenario, np.arange(count) * SERVO_NS / NS_PER_S, *np.empty((2, count, scenario.dof)))
    feed = _Asked(fuser, policy) if getattr(fuser, 'synchronous', False) else _Scheduled(fuser, policy)
    for k in range(count):
        now_ns = START_NS + k * SERVO_NS
        for chunk in feed.due(now_ns):
            trace.reports.append(timed(trace.add_us, fuser.add, chunk, now_ns))
            trace.added_s.append(trace.times_s[k])
            if name == OURS:
                timed(trace.window_us, fuser.window, now_ns, WINDOW_STEP_NS, WINDOW_POINTS)
        trace.positions[k] = timed(trace.command_us, fuser.command, now_ns).position
        robot = trace.robot[k] = robot + np.clip(trace.positions[k] - robot, -most, most)
        feed.look(now_ns, robot)
    return trace


def timed(durations_us: list[float], call: Callable[..., Result], *arguments: Any) -> Result:
    """What the call returns; how long it took is appended [us]."""
    begin = time.perf_counter_ns()
    result = call(*arguments)
    durations_us.append((time.perf_counter_ns() - begin) / 1e3)
    return result


class _Scheduled:
    """Observations and chunks come by the clock, whether or not the last chunk is used up."""

    def __init__(self, fuser: Any, policy: Policy) -> None:
        self._fuser, self._policy, self._samples = fuser, policy, getattr(fuser, 'samples', 1)
        self._every_ns, self._look_ns = policy.scenario.every * STEP_NS, START_NS
        self._waiting: list[tuple[int, list[ActionChunk]]] = []  # by arrival

    def look(self, now_ns: int, robot: FloatArray) -> None:
        if now_ns < self._look_ns:
            return
        if coming := self._policy.observed(self._look_ns, robot, self._samples):
            insort(self._waiting, coming, key=lambda arrival: arrival[0])
        self._look_ns += self._every_ns

    def due(self, now_ns: int) -> Iterator[ActionChunk]:
        while self._waiting and self._waiting[0][0] <= now_ns:
            made = self._waiting.pop(0)[1]
            yield made[0] if len(made) == 1 else self._fuser.choose(made, now_ns)


class _Asked:
    """The next chunk is asked for when the last one is used up."""

    def __init__(self, fuser: Any, policy: Policy) -> None:
        self._fuser, self._policy = fuser, policy
        self._coming: tuple[int, ActionChunk] | None = None

    def look(self, now_ns: int, robot: FloatArray) -> None:
        if self._coming is None and self._fuser.used_up(now_ns):
            arrives_ns = now_ns + self._policy.delay_ns()
            self._coming = arrives_ns, self._policy.chunk(now_ns // STEP_NS * STEP_NS, robot)

    def due(self, now_ns: int) -> Iterator[ActionChunk]:
        if self._coming is not None and now_ns >= self._coming[0]:
            yield self._coming[1]
            self._coming = None
