"""`vla-async evaluate`: many episodes in virtual time, spread over processes."""
from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vla_async import checkpoints
from vla_async.errors import ConfigError, VlaAsyncError

if TYPE_CHECKING:  # heavy modules are imported where they are used: `--help` stays quick
    from vla_async.replay.trace import RecordedEpisode
    from vla_async.sim.evaluate import EpisodeRunner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('--task', default='touch', help='which task (default: %(default)s)')
    parser.add_argument('--seeds', required=True, type=seed_range, metavar='A:B', help='episodes A, A+1, ... B-1')
    parser.add_argument('--json', required=True, type=Path, metavar='OUT', help='where the report goes')
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--checkpoint', help='name or folder (default: the one for robot and task)')
    parser.add_argument('--instruction', metavar='TEXT', help='ask for this instead of what each seed draws; '
                        '"otherwise": for another object than the one that it draws')
    parser.add_argument('--after', type=float, default=0.0, metavar='S',
                        help='let the robot work at another instruction for so long first, and go on from there')
    parser.add_argument('--time-limit', type=float, default=15.0, metavar='S', help='for the instruction (default: 15)')
    parser.add_argument('--slow-delay-ms', type=float, default=0.0, metavar='MS', help='make each reasoner pass longer')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processes to share the episodes (default: 1)')


def seed_range(text: str) -> range:
    """'A:B' as range(A, B); raises ArgumentTypeError unless 0 <= A < B."""
    try:
        first, end = (int(part) for part in text.split(':'))
    except ValueError:
        first, end = 0, 0
    if not 0 <= first < end:
        raise argparse.ArgumentTypeError(f'{text!r} is not A:B with 0 <= A < B, for example 1000:1050')
    return range(first, end)


@dataclass(frozen=True)
class Work:
    """What every process needs to know; it travels to them."""

    robot: str
    task: str
    checkpoint: str
    instruction: str | None
    busy_s: float
    time_limit_s: float
    slow_delay_s: float

    def runner(self) -> EpisodeRunner:
        """World, cameras and policy."""
        from vla_async import embodiment
        from vla_async.acting.policy import load_policy
        from vla_async.replay.thinking import Timing
        from vla_async.sim.evaluate import EpisodeRunner, EvaluateOptions
        robot = embodiment.load(self.robot)
        timing = Timing(slow_delay_s=self.slow_delay_s)
        options = EvaluateOptions(self.instruction, self.time_limit_s, self.busy_s, timing)
        return EpisodeRunner(robot, self.task, load_policy(self.checkpoint, robot), options)


def run(args: argparse.Namespace) -> int:
    """Run the episodes, write the report, print the table."""
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # two threads of torch on a busy machine are slower than one
    from vla_async import embodiment
    from vla_async.progress import ProgressBar
    from vla_async.replay.report import make_report, print_table, write_json
    work = _work(args)
    with ProgressBar('episodes') as bar:
        done = bar.track(_episodes(work, args.seeds, args.jobs), len(args.seeds))
        episodes = sorted(done, key=lambda episode: episode.facts.seed)
    report = make_report(episodes, embodiment.load(args.robot), {
        'checkpoint': Path(work.checkpoint).name,
        'options': {'task': args.task, 'seeds': [args.seeds.start, args.seeds.stop], 'instruction': args.instruction,
                    'after_s': args.after, 'time_limit_s': args.time_limit, 'slow_delay_ms': args.slow_delay_ms,
                    'time': 'virtual'}})
    write_json(report, args.json)
    print_table(report)
    return 0


def _work(args: argparse.Namespace) -> Work:
    """The options, checked before any process starts."""
    from vla_async import embodiment
    from vla_async.sim.tasks import make
    make(args.task)
    if args.jobs < 1:
        raise ConfigError(f'--jobs must be at least 1, got {args.jobs}')
    if args.time_limit <= 0 or args.slow_delay_ms < 0:
        raise ConfigError('--time-limit must be positive and --slow-delay-ms must not be negative')
    if args.after < 0:
        raise ConfigError(f'--after must not be negative, got {args.after:g}')
    name = args.checkpoint or checkpoints.default(embodiment.load(args.robot).name, args.task)
    return Work(args.robot, args.task, str(checkpoints.find(name)), args.instruction, args.after, args.time_limit,
                args.slow_delay_ms / 1e3)


def _episodes(work: Work, seeds: range, jobs: int) -> Iterator[RecordedEpisode]:
    """Episodes in the order in which they are done."""
    if jobs == 1:
        runner = work.runner()
        try:
            yield from map(runner.run, seeds)
        finally:
            runner.close()
        return
    fresh = multiprocessing.get_context('spawn')  # a forked copy of a torch process hangs now and then
    with ProcessPoolExecutor(min(jobs, len(seeds)), fresh, _begin, (work,)) as pool:
        for future in as_completed([pool.submit(_run_in_process, seed) for seed in seeds]):
            yield future.result()


class _Process:
    """One process's runner, or why it has none."""

    runner: EpisodeRunner
    error: VlaAsyncError | None = None


def _begin(work: Work) -> None:
    """Errors wait for the first episode: one that is raised here breaks the pool, and its words are lost."""
    try:
        _Process.runner = work.runner()
    except VlaAsyncError as error:
        _Process.error = error


def _run_in_process(seed: int) -> RecordedEpisode:
    if _Process.error is not None:
        raise _Process.error
    return _Process.runner.run(seed)
