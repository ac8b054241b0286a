"""The fusers that others publish, each from its formula, to compare with."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from vla_async.fusion.baselines.base import Baseline
from vla_async.fusion.baselines.ensemble import TemporalEnsemble
from vla_async.fusion.baselines.queues import BidSelection, HardSwitch, LerobotAggregate, OpenpiBroker, PhysicalaiLerp
from vla_async.fusion.baselines.vla_rail import VlaRailCode, VlaRailPaper
from vla_async.fusion.config import FuserConfig

BASELINES: Mapping[str, Callable[[FuserConfig], Baseline]] = {
    'hard_switch': HardSwitch,
    'lerobot_weighted_average': partial(LerobotAggregate, kind='weighted_average'),
    'lerobot_latest_only': partial(LerobotAggregate, kind='latest_only'),
    'lerobot_average': partial(LerobotAggregate, kind='average'),
    'lerobot_conservative': partial(LerobotAggregate, kind='conservative'),
    'act_ensemble': TemporalEnsemble,
    'openpi_broker': OpenpiBroker,
    'physicalai_lerp': PhysicalaiLerp,
    'vla_rail_paper': VlaRailPaper,
    'vla_rail_code': VlaRailCode,
    'bid_selection': BidSelection,
}

__all__ = ['BASELINES', 'Baseline']
