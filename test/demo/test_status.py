import io

from diagnostic_msgs.msg import DiagnosticStatus
from rich.console import Console
from vla_async_msgs.msg import SimulationStatus

from vla_async.demo.figures import Figures
from vla_async.demo.processes import NODES
from vla_async.demo.status import LiveStatus
from vla_async.nodes.diagnostics import NodeHealth


def drawn(figures, width=160):
    """The status as text."""
    console = Console(file=io.StringIO(), width=width)
    live = LiveStatus(console, figures)
    live.say('episode 1 of 1')
    console.print(live._draw())
    return console.file.getvalue()


def test_what_is_not_known_is_a_dash_and_not_zero():
    text = drawn(Figures())
    gauges = next(i for i, line in enumerate(text.splitlines()) if 'latent age [ms]' in line)
    assert set(text.splitlines()[gauges + 1].split()) == {'-'}
    assert all(spec.name in text for spec in NODES)
    assert 'starting' in text


def test_rates_ages_distance_and_what_each_node_says_are_shown():
    figures = Figures(
        rates_hz={'chunks': 29.97, 'set-points': 125.0, 'reasoner': 1.9}, latent_age_ms=412.0, chunk_age_ms=61.0,
        bridge='following', status=SimulationStatus(distance=0.123), health={
            'lifecycle_manager': NodeHealth(DiagnosticStatus.OK, 'all active', {'chunk_fuser': 'active'}),
            'chunk_fuser': NodeHealth(DiagnosticStatus.WARN, 'refused chunk', {})})
    text = drawn(figures)
    for expected in ('30.0', '125.0', '1.9', '412', '61', 'following', '0.123', 'refused chunk', 'all active'):
        assert expected in text
    (fuser,) = [line for line in text.splitlines() if line.startswith('chunk_fuser')]
    assert 'active' in fuser


def test_without_a_terminal_events_are_lines():
    console = Console(file=io.StringIO())
    with LiveStatus(console, Figures()) as live:
        live.say('bringing up the nodes in order')
    assert console.file.getvalue() == 'bringing up the nodes in order\n'
