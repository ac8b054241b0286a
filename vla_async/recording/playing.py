"""The player's own ROS node, while the pipeline comes up and while the bag goes by."""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import rclpy
from rclpy.signals import SignalHandlerOptions
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text
from rosbags.highlevel import AnyReader

from vla_async.embodiment import Embodiment
from vla_async.errors import EnvironmentFault
from vla_async.graph import NAMES
from vla_async.nodes import topics
from vla_async.nodes.bag_player import BagPlayer
from vla_async.nodes.diagnostics import sayings
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.threads import Ticker
from vla_async.timebase import NS_PER_MS, seconds

LOOK_PERIOD_S = 0.1
BRING_UP_PATIENCE_S = 180.0
SETTLE_S = 1.0  # at the end, for what the pipeline still has to say
MANAGER = 'lifecycle_manager'
READY = ('inactive', 'activate...', 'active')  # for the bag to begin: to become active, nodes need what it holds


class Playing:
    """A context; `tick` is called about ten times a second, and may raise."""

    def __init__(self, reader: AnyReader, robot: Embodiment, tick: Callable[[], object], console: Console) -> None:
        self._reader, self._robot, self._tick, self._console = reader, robot, tick, console
        self._says: dict[str, str] = {}  # by node, on /diagnostics
        self._states: Mapping[str, str] = {}  # of the pipeline's nodes, as lifecycle_manager sees them
        self._fault: BaseException | None = None

    def __enter__(self) -> Playing:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C stays a KeyboardInterrupt
        self._node = rclpy.create_node('bag_player')
        self._diagnostics = PolledSubscription(self._node, topics.DIAGNOSTICS, depth=100)
        self._player = BagPlayer(self._node, self._reader, self._robot)
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._draw, transient=True)
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._live.stop()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def wait_for_bring_up(self, names: Sequence[str]) -> None:
        """Keep the bag's time still until the nodes are configured; raises EnvironmentFault if that takes long."""
        deadline_s = time.monotonic() + BRING_UP_PATIENCE_S
        while not all(self._states.get(name) in READY for name in names):
            if time.monotonic() > deadline_s:
                raise EnvironmentFault(f'the nodes did not come up: {self._says.get(MANAGER, "nothing heard of them")}')
            self._player.tell_time()
            self._look()

    def run(self, rate: float) -> None:
        """Play the whole bag, `rate` seconds of it a second."""
        begun_ns, player = time.monotonic_ns(), self._player

        def step(_late: bool) -> None:
            player.advance(player.start_ns + round((time.monotonic_ns() - begun_ns) * rate))
        ticker = Ticker(NS_PER_MS, step, self._fail)
        ticker.start()
        try:
            while not player.done and self._fault is None:
                self._look()
        finally:
            ticker.close()
        if self._fault is not None:
            raise self._fault
        end_s = time.monotonic() + SETTLE_S
        while time.monotonic() < end_s:
            self._look()

    def _fail(self, error: BaseException) -> None:
        self._fault = error

    def _look(self) -> None:
        time.sleep(LOOK_PERIOD_S)
        self._tick()
        for received in self._diagnostics.drain():
            for name, health in sayings(received.message, NAMES):
                self._says[name] = health.message
                if name == MANAGER:
                    self._states = health.values

    def _draw(self) -> Group:
        player = self._player
        at_s, length_s = (seconds(t - player.start_ns) for t in (player.now_ns, player.end_ns))
        return Group(Text(f'{at_s:.1f} of {length_s:.1f} s of the bag', style='bold'),
                     *(Text(f'{name}: {text}') for name, text in self._says.items()))
