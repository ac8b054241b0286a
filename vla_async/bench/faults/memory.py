"""How much each process holds while the robot works on: as much after half an hour as after a few minutes."""
from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vla_async.bench.faults.graph import Graph
from vla_async.launcher.shared_memory import children_of

PERIOD_S = 5.0
PER_MINUTE = round(60 / PERIOD_S)  # samples
WARM_UP = 0.3  # share of the time in which caches fill
GROWTH_MIB, GROWTH = 4.0, 0.02  # from then on so much more, or this share more, whichever is more, is flat
KIB_PER_MIB = 1024


def samples(graph: Graph, seconds: float) -> Iterator[dict[str, float]]:
    """Memory that each process alone holds [MiB], every PERIOD_S, while the robot follows instructions."""
    graph.driver.begin_anew(0)
    next_s = time.monotonic()
    end_s = next_s + seconds
    while next_s < end_s:
        next_s += PERIOD_S
        graph.driver.get_moving()
        graph.driver.wait(next_s - time.monotonic())
        graph.renew_bag()
        yield {name: held for name, process in graph.starter.processes.items()
               if process.pid is not None and (held := held_with_children_mib(process.pid)) is not None}


def held_with_children_mib(pid: int) -> float | None:
    """The same of a process with those that it has started, as a simulated robot its cameras; None: gone."""
    own = held_mib(pid)
    return None if own is None else own + sum(held_mib(child) or 0.0 for child in children_of(pid))


def held_mib(pid: int) -> float | None:
    """Memory that a process alone holds, files and shared memory left out [MiB]; None when it is gone."""
    try:
        lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    except OSError:
        return None
    kib = next((line.split()[1] for line in lines if line.startswith('RssAnon:')), None)
    return None if kib is None else int(kib) / KIB_PER_MIB


def judge(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Growth of each process from the end of the warm-up on, by a straight line through what was held [MiB]."""
    held = {name: [row[name] for row in rows if name in row] for name in (rows[0] if rows else {})}
    processes = {name: {**_growth(values), 'each_minute_mib': [round(value, 1) for value in values[::PER_MINUTE]]}
                 for name, values in held.items()}
    return {'minutes': len(rows) * PERIOD_S / 60, 'warm_up': WARM_UP, 'processes': processes,
            'flat': bool(processes) and all(process['flat'] for process in processes.values())}


def _growth(held: list[float]) -> dict[str, Any]:
    judged = np.array(held[int(WARM_UP * len(held)):])
    if len(judged) < 2:
        return {'held_mib': held[-1] if held else None, 'growth_mib': None, 'flat': False}
    slope = np.polyfit(np.arange(len(judged)), judged, 1)[0]
    growth = float(slope * (len(judged) - 1))
    return {'held_mib': round(float(np.median(judged)), 1), 'growth_mib': round(growth, 2),
            'flat': growth <= max(GROWTH_MIB, GROWTH * float(judged[0]))}
