"""The live status: what every node is doing, rates and ages. On a terminal a table, elsewhere one line per event."""
from __future__ import annotations

import time
from types import TracebackType

from diagnostic_msgs.msg import DiagnosticStatus
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vla_async.demo.figures import MANAGER, Figures
from vla_async.demo.processes import NODES

STYLES = {DiagnosticStatus.OK: 'green', DiagnosticStatus.WARN: 'yellow', DiagnosticStatus.ERROR: 'red'}
GAUGES = (('reasoner', 'reasoner [Hz]'), ('chunks', 'chunks [Hz]'), ('set-points', 'commands [Hz]'))


class LiveStatus:
    """A context that shows `figures`; `say` marks an event."""

    def __init__(self, console: Console, figures: Figures) -> None:
        self._console, self._figures = console, figures
        self._headline, self._since_s = 'starting', time.monotonic()
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._draw, transient=True)

    def __enter__(self) -> LiveStatus:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._live.stop()

    def say(self, headline: str) -> None:
        """A new phase begins."""
        self._headline, self._since_s = headline, time.monotonic()
        tell(self._console, headline)

    def _draw(self) -> Group:
        elapsed = time.monotonic() - self._since_s
        return Group(Text(f'{self._headline}  {elapsed:.0f} s', style='bold'), self._gauges(), self._nodes())

    def _gauges(self) -> Table:
        figures, table = self._figures, Table(box=None, pad_edge=False)
        names = [*(title for _, title in GAUGES), 'latent age [ms]', 'chunk age [ms]', 'bridge', 'to the target [m]']
        for name in names:
            table.add_column(Text(name), justify='right', style='cyan')  # as text: '[ms]' is no markup
        distance = None if figures.status is None else figures.status.distance
        table.add_row(*(_number(figures.rates_hz.get(key), 1) for key, _ in GAUGES), _number(figures.latent_age_ms),
                      _number(figures.chunk_age_ms), Text(figures.bridge or '-'), _number(distance, 3))
        return table

    def _nodes(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ('node', 'state', 'says'):
            table.add_column(name)
        manager = self._figures.health.get(MANAGER)
        for spec in NODES:
            health = self._figures.health.get(spec.name)
            state = manager.values.get(spec.name, 'running') if manager else ''
            style = STYLES.get(health.level, 'white') if health else 'dim'
            table.add_row(spec.name, state if health else 'starting', Text(health.message if health else '-', style))
        return table


def tell(console: Console, line: str) -> None:
    """One line as it is: neither markup nor wrapped."""
    console.print(Text(line), soft_wrap=True)


def _number(value: float | None, digits: int = 0) -> str:
    return '-' if value is None else f'{value:.{digits}f}'
