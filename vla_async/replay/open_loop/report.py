"""The figures of a replay as report.json: the same bytes for the same bags, configurations and seed, anywhere."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from vla_async.replay.open_loop.comparison import compare
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.judge import JudgedBag
from vla_async.replay.open_loop.rounding import rounded
from vla_async.replay.open_loop.thresholds import Threshold

SCHEMA = Path(__file__).resolve().parents[2] / 'replay.schema.json'
Report = dict[str, Any]


def make_report(bags: Sequence[JudgedBag], configurations: Sequence[Configuration], thresholds: Sequence[Threshold],
                seed: int) -> Report:
    """The content of report.json; bags in the order in which they were named."""
    read = [bag for bag in bags if bag.judged]
    compared = compare([[bag.judged[i].total for bag in read] for i in range(len(configurations))], seed)
    return rounded({
        'bags': [_bag(bag) for bag in bags],
        'comparison': [{'configuration': configuration.label, 'figures': figures}
                       for configuration, figures in zip(configurations, compared, strict=True)],
        'verdict': _verdict(read, thresholds),
        'provenance': {'version': metadata.version('vla_async'), 'seed': seed,
                       'configurations': [_configuration(one) for one in configurations]}})


def write_json(report: Mapping[str, Any], path: Path) -> None:
    """`report` as JSON; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + '\n')


def _bag(bag: JudgedBag) -> Report:
    return {
        'bag': bag.name, 'robot': bag.robot,
        'faults': [{'topic': fault.topic, 'at_ns': fault.at_ns, 'text': fault.text.replace(str(bag.bag), bag.name)}
                   for fault in bag.faults],
        'stops': [{'at_ns': stop.stamp_ns, 'state': stop.state, 'text': stop.text} for stop in bag.stops],
        'configurations': [{
            'configuration': judged.configuration.label, 'total': judged.total, 'joints': judged.joints,
            'instructions': judged.instructions,
            'phases': judged.phases,
            'moments': [{'kind': moment.kind, 'at_ns': moment.at_ns, 'value': moment.badness, 'text': moment.words}
                        for moment in judged.moments]} for judged in bag.judged]}


def _verdict(bags: Sequence[JudgedBag], thresholds: Sequence[Threshold]) -> Report:
    missed = [{'bag': bag.name, 'configuration': judged.configuration.label, 'text': text}
              for bag in bags for judged in bag.judged for threshold in thresholds
              if (text := threshold.missed(rounded(judged.total)))]
    return {'thresholds': len(thresholds), 'missed': missed, 'passed': not missed and (bool(bags) or not thresholds)}


def _configuration(configuration: Configuration) -> Report:
    return {'label': configuration.label, 'fuser': configuration.fuser, 'delay_ms': 1e3 * configuration.delay_s,
            'checkpoint': Path(configuration.checkpoint).name}
