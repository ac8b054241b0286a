import io
import itertools

from rich.console import Console

from vla_async.progress import ProgressBar


def output(terminal, period_s, count):
    """What is shown of `count` steps that take `period_s` each."""
    out, times = io.StringIO(), itertools.count(0.0, period_s)
    console = Console(file=out, force_terminal=terminal, width=80)
    with ProgressBar('episodes', console, clock=lambda: next(times)) as bar:
        assert list(bar.track(range(count), count)) == list(range(count))
    return out.getvalue()


def test_a_log_file_gets_a_line_every_ten_seconds_and_the_last_one():
    assert output(False, 4.0, 7).splitlines() == ['episodes: 3 of 7', 'episodes: 6 of 7', 'episodes: 7 of 7']


def test_a_terminal_gets_a_bar_that_ends_full():
    shown = output(True, 4.0, 7)
    assert '7/7' in shown
    assert 'of 7' not in shown
