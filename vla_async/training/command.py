"""`vla-async train`: demonstrations, training, evaluation, checkpoint folder with its model card."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

EVALUATION_SEEDS = range(9000, 9020)  # never used for demonstrations, which start at 100000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--task', default='touch', help='which task (default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=1200, help='demonstrations to have (default: %(default)s)')
    parser.add_argument('--jobs', type=int, default=2, help='processor cores to use (default: %(default)s)')
    parser.add_argument('--minutes', type=float, default=60.0, help='training time, without demonstrations and '
                        'evaluation (default: %(default)s)')
    parser.add_argument('--steps', type=int, default=100_000, help='most updates (default: %(default)s)')
    parser.add_argument('--device', default='cpu', help='torch device, for example cuda (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of weights and batches (default: %(default)s)')
    parser.add_argument('--out', type=Path, default=Path('runs/train'), help='checkpoint folder (default: %(default)s)')
    parser.add_argument('--data', type=Path, help='folder of the demonstrations (default: data/<robot>_<task>)')
    parser.add_argument('--resume', action='store_true', help='go on with the training in --out')
    parser.add_argument('--no-evaluation', action='store_true', help='leave the success rate out of the model card')


def run(args: argparse.Namespace) -> int:
    """Makes what is missing, trains, evaluates; the checkpoint folder is complete at every moment in between."""
    from vla_async import embodiment
    from vla_async.training.session import Session, TrainOptions
    data = args.data or Path('data') / f'{args.robot}_{args.task}'
    options = TrainOptions(
        robot=args.robot, task=args.task, episodes=args.episodes, jobs=args.jobs, minutes=args.minutes,
        steps=args.steps, device=args.device, seed=args.seed, out=args.out, data=data, resume=args.resume,
        command=' '.join(['vla-async', *sys.argv[1:]]))
    session = Session(options, embodiment.load(args.robot))
    session.demonstrate()
    session.train()
    session.finish(() if args.no_evaluation else EVALUATION_SEEDS)
    return 0
