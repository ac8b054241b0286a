"""What a replay changes: the fuser, the delay of every chunk, the policy."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from vla_async.errors import ConfigError, unknown
from vla_async.fusion.factory import FUSERS, OURS


@dataclass(frozen=True)
class Configuration:
    """One way to replay. `checkpoint` is a policy's folder; empty: the recorded chunks are taken."""

    fuser: str = OURS
    delay_s: float = 0.0
    checkpoint: str = ''

    @property
    def label(self) -> str:
        """Short name for tables and plots."""
        policy = f'{Path(self.checkpoint).name}, ' if self.checkpoint else ''
        return f'{policy}{self.fuser}' + (f', {1e3 * self.delay_s:g} ms later' if self.delay_s else '')


def combinations(fusers: Sequence[str], delays_s: Sequence[float], checkpoints: Sequence[str]) -> list[Configuration]:
    """Every fuser with every delay and every policy; raises ConfigError for what there is not."""
    for fuser in fusers:
        if fuser not in FUSERS:
            raise unknown('fuser', fuser, FUSERS)
    for delay_s in delays_s:
        if not 0.0 <= delay_s <= 10.0:
            raise ConfigError(f'a delay of {1e3 * delay_s:g} ms; it must be between 0 and 10000 ms')
    made = [Configuration(fuser, delay_s, checkpoint)
            for checkpoint, fuser, delay_s in product(checkpoints or [''], fusers, delays_s)]
    return list(dict.fromkeys(made))
