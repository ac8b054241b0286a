"""In words: how old latent and chunk are, and what the robot is doing and why."""
from __future__ import annotations

from dataclasses import dataclass

from vla_async.timebase import seconds


@dataclass(frozen=True, slots=True)
class Caption:
    """`status` is the suite's own line; the stamps are those of the pictures behind, None before there are any [ns]."""

    status: str
    now_ns: int
    latent_ns: int | None = None
    chunk_ns: int | None = None

    @property
    def ages(self) -> str:
        return f'latent {_age(self.now_ns, self.latent_ns)}, chunk {_age(self.now_ns, self.chunk_ns)}'

    @property
    def text(self) -> str:
        return f'{self.status}\n{self.ages}'


def _age(now_ns: int, stamp_ns: int | None) -> str:
    """A stamp ahead of the clock, as after the clock was set, tells no age."""
    if stamp_ns is None or stamp_ns > now_ns:
        return 'of unknown age'
    return f'{seconds(now_ns - stamp_ns):.2f} s old'
