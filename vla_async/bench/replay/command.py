"""`vla-async bench replay`: how many times faster than life a bag is judged on one core, and what memory that takes."""
from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from vla_async.bench.target import Target

FASTER = 20.0  # times real time, without models
GROWTH_MIB = 32.0  # from a tenth of the way to the end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bag, and how long it shall be."""
    parser.add_argument('bag', type=Path, metavar='BAG', help='a bag, best one of the demo, pictures and all')
    parser.add_argument('--hours', type=float, default=2.0, help='it is repeated until it is so long (default: 2)')
    parser.add_argument('--robot', help='name or YAML file (default: the one that the bag names)')
    parser.add_argument('--json', type=Path, metavar='OUT', help='where the figures go')


def run(args: argparse.Namespace) -> int:
    """Judge the long bag; 1 when a target is missed."""
    from vla_async.bench.faults.memory import held_mib
    from vla_async.bench.replay.looped import Looped
    from vla_async.progress import ProgressBar
    from vla_async.replay.open_loop.configuration import Configuration
    from vla_async.replay.open_loop.judge import judge_recording
    from vla_async.replay.recordings.opening import open_recording
    recording, robot = open_recording(args.bag, args.robot)
    seconds = 3600.0 * args.hours
    held: list[float] = []
    began_s = time.process_time()
    with ProgressBar('tenths') as bar:
        def watch(share: float) -> None:
            if len(held) < int(10 * share):
                held.append(held_mib(os.getpid()) or 0.0)
                bar.update(len(held), 10)
        looped = Looped(recording, round(1e9 * seconds), watch, time.process_time)
        judged, _ = judge_recording(looped, robot, Configuration(), None, 0)
    spent_s = time.process_time() - began_s - looped.reopening_s
    targets = [Target('times faster than life on one core', seconds / spent_s, low=FASTER),
               Target('MiB more at the end than after a tenth', held[-1] - held[0] if held else None, high=GROWTH_MIB)]
    for target in targets:
        bar.console.print(f'{"kept" if target.met else "MISSED"}: {target.value or 0:.1f} {target.name}')
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({
            'hours': args.hours, 'processor_s': spent_s, 'held_mib': held, 'chunks': judged.total['chunks'],
            'targets': [target.as_dict() for target in targets]}, indent=2) + '\n')
    return 0 if all(target.met for target in targets) else 1

