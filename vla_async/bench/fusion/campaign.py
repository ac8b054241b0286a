"""All fusers through all scenarios, on as many cores as wanted."""
from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from vla_async.bench.fusion.figures import Figures, figures, medians
from vla_async.bench.fusion.run import COMPARED, run
from vla_async.bench.fusion.scenarios import SCENARIOS, Scenario

Results = dict[str, dict[str, Figures]]  # scenario's key -> fuser -> medians over the seeds
PAIRS = [(scenario, name) for scenario in SCENARIOS for name in COMPARED]


def measure(scenario: Scenario, name: str, seeds: int) -> Figures:
    """Medians over the seeds 0 to `seeds` - 1 of one fuser in one scenario."""
    return medians(figures(run(name, scenario, seed)) for seed in range(seeds))


def campaign(seeds: int, jobs: int) -> Iterator[tuple[str, str, Figures]]:
    """Key of the scenario, fuser and medians, in the order in which they are done."""
    if jobs == 1:
        for scenario, name in PAIRS:
            yield scenario.key, name, measure(scenario, name, seeds)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn')) as pool:
        waiting = {pool.submit(measure, scenario, name, seeds): (scenario.key, name) for scenario, name in PAIRS}
        for done in as_completed(waiting):
            yield (*waiting[done], done.result())
