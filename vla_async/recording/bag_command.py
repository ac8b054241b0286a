"""The subcommand `bag`: what a bag holds and lacks, and the cure of one whose recording was cut off."""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which bag."""
    actions = parser.add_subparsers(title='what to do', metavar='<action>', required=True)
    audit = actions.add_parser('audit', help='messages, gaps, latency and silent topics of any MCAP bag')
    audit.add_argument('bag', type=Path, help='folder of the bag, or one MCAP file')
    audit.add_argument('--json', type=Path, metavar='OUT', help='where the figures go')
    audit.set_defaults(action=_audit)
    mend = actions.add_parser('mend', help='give a bag whose recording was cut off its index')
    mend.add_argument('bag', type=Path, help='folder of the bag')
    mend.set_defaults(action=_mend)


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when done."""
    args.action(args)
    return 0


def _audit(args: argparse.Namespace) -> None:
    from rich.console import Console

    from vla_async.recording.audit_table import print_audit
    from vla_async.replay.audit import audit_bag
    audit = audit_bag(args.bag)
    print_audit(audit, Console())
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(audit, indent=2, allow_nan=False) + '\n')


def _mend(args: argparse.Namespace) -> None:
    from vla_async.replay.mend import mend
    mended = mend(args.bag)
    for path, messages in mended.items():
        sys.stdout.write(f'{path}: {messages} messages, with an index now\n')
    if not mended:
        sys.stdout.write(f'{args.bag}: nothing to mend\n')
