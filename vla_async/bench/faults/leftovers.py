"""Nothing may be left: no process, no shared memory."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vla_async.bench.faults.graph import Graph
from vla_async.bench.faults.results import Results
from vla_async.launcher import shared_memory


class Owned:
    """What the processes of one graph, those in reserve and their children have."""

    def __init__(self) -> None:
        self._shared: set[str] = set()
        self._pids: set[int] = set()

    def look(self, graph: Graph) -> None:
        """Note what they have now."""
        own = [pid for process in graph.starter.processes.values() for pid in process.pids]
        children = [child for pid in own for child in shared_memory.children_of(pid)]
        for pid in (*own, *children):
            self._pids.add(pid)
            self._shared |= shared_memory.owned_by(pid)

    def left(self) -> list[str]:
        """What of it is there still."""
        others = set().union(*(shared_memory.owned_by(int(entry.name)) for entry in Path('/proc').glob('[0-9]*')))
        segments = sorted(self._shared & shared_memory.all_names() - others)  # some ports serve all domains
        return [*(f'{shared_memory.FOLDER}/{name}' for name in segments),
                *(f'process {pid}: {words}' for pid in sorted(self._pids) if (words := _command(pid)))]


@contextmanager
def noted(results: Results) -> Iterator[Owned]:
    """Add to the results what is left after the block."""
    owned = Owned()
    try:
        yield owned
    finally:
        results.note(leftovers=[*results.content['leftovers'], *owned.left()])


def _command(pid: int) -> str:
    """Command line of a process of ours; empty when it is gone."""
    try:
        words = Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace').strip()
    except OSError:
        return ''
    return words if 'vla_async' in words else ''  # the number may be another's by now
