"""Every fault again and again, at random instants, while the robot follows instructions."""
from __future__ import annotations

import os
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_async.bench.faults import leftovers
from vla_async.bench.faults.driver import Mark
from vla_async.bench.faults.evidence import Evidence, folder_of
from vla_async.bench.faults.fault import INSTRUMENTED, PLAIN, RECOVERY_S, TWO_HOSTS, Context, Fault
from vla_async.bench.faults.graph import LIFECYCLE, Graph, running
from vla_async.bench.faults.heard import judged_by_stamps
from vla_async.bench.faults.hosts import SecondHost
from vla_async.bench.faults.judge import HOLD_S, RESTS, Trace, Verdict, judge, recovery_time_s
from vla_async.bench.faults.results import Results
from vla_async.bench.faults.rows import Run
from vla_async.demo.figures import MANAGER
from vla_async.demo.options import DemoOptions
from vla_async.errors import VlaAsyncError
from vla_async.nodes.diagnostics import OK
from vla_async.timebase import NS_PER_S

INSTANT_S = 1.5  # a fault comes within this time after the robot was seen to move
BEFORE_S = 0.5  # of the trace
TAIL_S = 1.0  # how long a robot is watched after it has recovered
BACK_PATIENCE_S = 30.0  # with a process that was started again
SPARE_PATIENCE_S = 180.0  # with one that prepares with what processor time is left over
REFUSED_FOR = 'refused for '  # so begin the bridge's counts of motions that would lead the robot into itself, say
MOST_AGAIN = 2  # rest for such a reason says nothing of the fault, unless it always comes with it
EPISODE_RUNS = 10  # then the table is tidied up
FLUSHED_S = 1.0  # until the recorder has written what came before


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    options: DemoOptions
    faults: Sequence[Fault]
    runs: int
    folder: Path  # where the graph writes
    evidence: Path | None = None  # where the bags of failed runs go
    host: SecondHost | None = None  # None: no fault needs it


def campaign(plan: Plan, results: Results) -> Iterator[Run]:
    """All runs that the results do not hold yet, noted there as they are done; what was left behind, too."""
    for kind in (PLAIN, TWO_HOSTS, INSTRUMENTED):
        pending = [(fault, number) for number in range(plan.runs) for fault in spread(plan.faults)
                   if fault.graph == kind and not results.has(fault.name, number)]
        while pending:
            with (leftovers.noted(results) as owned,
                  running(plan.options, plan.folder, kind, plan.host if kind == TWO_HOSTS else None) as graph):
                yield from _until_broken(graph, plan, results, pending, owned)


def spread(faults: Sequence[Fault]) -> list[Fault]:
    """Those with a victim evenly among the others: until what stands by for one is ready again there is more to do."""
    groups = [fault for fault in faults if fault.victim], [fault for fault in faults if not fault.victim]
    places = {fault.name: (i + 0.5) / len(group) for group in groups for i, fault in enumerate(group)}
    return sorted(faults, key=lambda fault: places[fault.name])


def _until_broken(graph: Graph, plan: Plan, results: Results, pending: list[tuple[Fault, int]],
                  owned: leftovers.Owned) -> Iterator[Run]:
    """Work off the list as long as the graph can be brought back into a known state; at least one run.

    A graph that cannot is noted as stuck after the fault before.
    """
    last = ''
    while pending:
        fault, number = pending[0]
        again = results.tried_again(fault.name, number)
        rng = np.random.default_rng([plan.options.seed, zlib.crc32(fault.name.encode()), number, again])
        owned.look(graph)
        try:
            _prepare(graph, fault, rng)
        except VlaAsyncError as error:
            if not last:
                raise  # not even a new one comes so far
            results.note(stuck=[*results.content['stuck'], f'after {last}: {error}'])
            return
        run = attempt(graph, plan, fault, number, rng)
        graph.tried, graph.clean = graph.tried + 1, run.verdict.passed and not fault.resets
        owned.look(graph)
        last = f'{fault.name}, run {number}'
        if run.verdict.only_rested and run.refused and again < MOST_AGAIN:
            results.try_again(run)
            continue
        results.add(run)
        pending.pop(0)
        yield run


def _prepare(graph: Graph, fault: Fault, rng: np.random.Generator) -> None:
    """The robot under way; at a random instant."""
    if fault.victim and not graph.starter.processes[fault.victim].replaceable:
        _await_spare(graph, fault.victim)
    if not graph.clean or graph.tried % EPISODE_RUNS == 0:
        graph.renew_bag()
        graph.driver.begin_anew(int(rng.integers(2**31)))
        graph.clean = True
    graph.driver.get_moving()
    graph.driver.wait(rng.uniform(0.0, INSTANT_S))


def _await_spare(graph: Graph, victim: str) -> None:
    """What the fault before killed may still be on its way to be replaceable again; the robot rests until then."""
    graph.driver.asking, graph.clean = False, False
    graph.driver.comes_true(lambda: graph.starter.processes[victim].replaceable, SPARE_PATIENCE_S)


def attempt(graph: Graph, plan: Plan, fault: Fault, number: int, rng: np.random.Generator) -> Run:
    """Try a fault once and judge what the robot did."""
    context = Context(graph.driver, graph.starter, plan.options.robot, graph.clocks, graph.host, graph.folder, rng)
    mark, evidence = graph.driver.recording.mark(), Evidence(graph.folder / 'logs')
    bridge = graph.starter.processes['hardware_bridge']
    restarts, refused = bridge.restarts, _refused(graph)
    trace, verdict, restart_s = _outcome(graph, fault, mark, context)
    load, said = os.getloadavg()[0], () if verdict.passed else tuple(_complaints(graph))
    kept, died = None, bridge.restarts > restarts
    if died or not verdict.passed:
        with suppress(VlaAsyncError):  # one process too often dead, say; the next run will tell
            graph.driver.wait(FLUSHED_S)
    if plan.evidence is not None and not verdict.passed:
        kept = evidence.keep(graph.bags, mark.made_ns, folder_of(plan.evidence, fault.name, number))
    stamps = judged_by_stamps(graph.bags, plan.options.robot, mark.made_ns, died=died)
    return Run(fault.name, number, fault.expectation, verdict, trace, restart_s, load, said, stamps, kept,
               tuple(_refused(graph) - refused))


def _outcome(graph: Graph, fault: Fault, mark: Mark, context: Context) -> tuple[Trace, Verdict, float | None]:
    """What came of the fault, and after which time a killed process was back [s]."""
    restarts, restart_s, error = _restarts(graph), None, ''
    try:
        fault.inject(context)
        end_ns = context.begin_ns if context.awaited else time.time_ns()
        mark.begin_ns = context.begin_ns
        restart_s = _watch(graph, fault, mark, end_ns, context, restarts)
    except VlaAsyncError as problem:
        error, end_ns = str(problem), time.time_ns()
    trace = graph.driver.recording.trace(mark, end_ns, BEFORE_S)
    verdict = judge(trace, fault.expectation, fault.patience_s, fault.rests_by_s)
    if error := error or _restart_fault(context.awaited, restart_s):
        verdict = Verdict('; '.join(filter(None, (error, verdict.why))), verdict.time_to_hold_s, verdict.recovery_s)
    return trace, verdict, restart_s


def _watch(graph: Graph, fault: Fault, mark: Mark, end_ns: int, context: Context, restarts: int) -> float | None:
    """Go on until the outcome is known; returns after which time a killed process was back [s]."""
    back_ns: int | None = None

    def known() -> bool:
        nonlocal back_ns
        if back_ns is None and _back(graph, context.awaited, restarts):
            back_ns = time.time_ns()
        return back_ns is not None and _settled(fault, graph.driver.recording.trace(mark, end_ns))
    graph.driver.comes_true(known, BACK_PATIENCE_S if context.awaited else fault.patience_s + TAIL_S)
    return (back_ns - mark.begin_ns) / NS_PER_S if back_ns is not None and context.awaited else None


def _restart_fault(awaited: str, restart_s: float | None) -> str:
    """Why a killed process was not back as soon as it should, or nothing."""
    if not awaited or (restart_s is not None and restart_s <= RECOVERY_S):
        return ''
    if restart_s is None:
        return f'{awaited} was not active again within {BACK_PATIENCE_S:g} s'
    return f'{awaited} was active again after {restart_s:.1f} s, not {RECOVERY_S:g} s'


def _settled(fault: Fault, trace: Trace) -> bool:
    now_s = float(trace.times_s[-1]) if len(trace.times_s) else 0.0
    if fault.expectation == RESTS:
        return now_s > max(HOLD_S, trace.end_s) + TAIL_S
    recovery_s = recovery_time_s(trace)
    return recovery_s is not None and now_s > trace.end_s + recovery_s + TAIL_S


def _refused(graph: Graph) -> Counter[str]:
    """How many motions the bridge has refused for the robot's body so far, each kind by its name in the diagnostics."""
    bridge = graph.driver.watch.figures.health.get('hardware_bridge')
    values = {} if bridge is None else bridge.values
    return Counter({name: int(count) for name, count in values.items() if name.startswith(REFUSED_FOR)})


def _complaints(graph: Graph) -> Iterator[str]:
    """What the bridge does, and what the nodes are not content with."""
    figures = graph.driver.watch.figures
    yield f'bridge {figures.bridge}'
    yield from (f'{name}: {health.message}' for name, health in figures.health.items() if health.level != OK)


def _back(graph: Graph, name: str, restarts: int) -> bool:
    """Whether a node that was killed does its work again; True where none was."""
    health = graph.driver.watch.figures.health
    if name in LIFECYCLE:
        return _restarts(graph) > restarts and MANAGER in health and health[MANAGER].values.get(name) == 'active'
    return not name or name in health


def _restarts(graph: Graph) -> int:
    """How many nodes the manager has seen come back from the dead."""
    manager = graph.driver.watch.figures.health.get(MANAGER)
    return 0 if manager is None else int(manager.values.get('restarts', 0))
