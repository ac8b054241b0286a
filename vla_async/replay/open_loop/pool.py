"""Many bags at once: here, on all cores of this machine, or on a cluster through Ray; the code is the same."""
from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vla_async.errors import EnvironmentFault
from vla_async.replay.open_loop.judge import JudgedBag, Work, judge


def judged(works: Sequence[Work], jobs: int, cluster: str | None = None) -> Iterator[JudgedBag]:
    """The bags' figures as they come. `cluster`: address of a Ray cluster, or `local` for one on this machine.

    Raises EnvironmentFault when Ray is asked for and missing, and whatever `judge` raises.
    """
    if cluster is None and min(jobs, len(works)) <= 1:
        yield from map(judge, works)
        return
    with _pool(min(jobs, len(works)), cluster) as pool:
        yield from pool.imap_unordered(judge, works)


@contextmanager
def _pool(jobs: int, cluster: str | None) -> Iterator[Any]:
    """A pool of processes; Ray's has the interface of multiprocessing's."""
    if cluster is None:
        fresh = multiprocessing.get_context('spawn')  # a forked copy of a torch process hangs now and then
        with fresh.Pool(jobs, _one_thread) as pool:
            yield pool
        return
    try:
        import ray
        from ray.util.multiprocessing import Pool
    except ImportError as error:
        raise EnvironmentFault(f"--cluster needs Ray: pip install 'vla_async[cluster]' ({error})") from error
    if cluster == 'local':
        ray.init(num_cpus=jobs, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=cluster, log_to_driver=False)
    try:
        with Pool(jobs, _one_thread) as pool:
            yield pool
    finally:
        ray.shutdown()


def _one_thread() -> None:
    """Two threads of torch or BLAS in each of many processes are slower than one."""
    os.environ['OMP_NUM_THREADS'] = '1'
