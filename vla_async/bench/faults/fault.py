"""What a fault is, and what it may use to do its harm."""
from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vla_async.bench.faults.clock import Clocks
from vla_async.bench.faults.driver import Driver
from vla_async.bench.faults.hosts import SecondHost
from vla_async.bench.faults.judge import COMES_BACK
from vla_async.bench.faults.relay import TREATMENT
from vla_async.bench.faults.treatment import PASS
from vla_async.embodiment import Embodiment
from vla_async.launcher.starter import Starter

PLAIN, TWO_HOSTS, INSTRUMENTED = 'plain', 'on two hosts', 'instrumented'  # graphs, in the order in which they are tried
RECOVERY_S = 3.0  # until motion goes on after a fault


@dataclass
class Context:
    """The running graph as a fault sees it."""

    driver: Driver
    starter: Starter
    robot: Embodiment
    clocks: Clocks | None  # None: the processes have the true clock
    host: SecondHost | None  # None: all processes are on this one
    folder: Path  # where the graph writes
    rng: np.random.Generator
    begin_ns: int = field(default_factory=time.time_ns)
    awaited: str = ''  # the node that must be active again before the run is over

    def begin(self) -> None:
        """The fault itself begins now; what came before prepared it."""
        self.begin_ns = time.time_ns()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Signal the process of a node, and it alone."""
        pid = self.starter.processes[name].pid
        if pid is not None:
            os.kill(pid, number)

    def treat(self, treatment: str, *topics: str) -> None:
        """What the relay shall do to these topics from now on."""
        message = TREATMENT.message(data=' '.join((treatment, *topics)))
        self.driver.say(TREATMENT, message)

    def treat_for(self, seconds: float, treatment: str, *topics: str) -> None:
        """The same for so long; then all topics pass again."""
        self.treat(treatment, *topics)
        try:
            self.driver.wait(seconds)
        finally:
            self.treat(PASS)


@dataclass(frozen=True)
class Fault:
    """Something that breaks. `inject` does it and returns when it is over."""

    name: str
    inject: Callable[[Context], None]
    expectation: str = COMES_BACK
    patience_s: float = RECOVERY_S
    graph: str = PLAIN  # INSTRUMENTED: with relay and clocks; TWO_HOSTS: the policy is on another one
    resets: bool = False  # the simulation must be set anew after it
    rests_by_s: float | None = None  # one that lasts longer must have brought the robot to rest by then
    victim: str = ''  # the process that is killed or may be; another stands by for it before
