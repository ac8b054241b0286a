"""The processes that draw what the cameras of a simulated robot see; whoever simulates it never waits for them."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from vla_async.embodiment import load
from vla_async.launcher.python_command import python_command
from vla_async.launcher.transport import transport
from vla_async.nodes import topics
from vla_async.nodes.camera_drivers import AHEAD, AT_ONCE, MAX_MESSAGE, ROBOT_NODE, SPECTATOR_NODE, Cameras
from vla_async.nodes.threads import ordinary_priority
from vla_async.sim.furniture import SPECTATOR
from vla_async.sim.shared_state import SharedState

MODULE = 'vla_async.nodes.camera_drivers'
PATIENCE_S = 3.0  # with a process, to end
RESTART_S = 1.0  # one that dies sooner is not replaced sooner
_ready: list[SimulatedCameras] = []


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pictures are taken, and for whom: robot by name or file, task, ROS domain."""

    robot: str
    task: str
    domain: int


class CameraProcess:
    """One process, replaced when it dies; in the same ROS domain, with the same ROS arguments as this one."""

    def __init__(self, name: str, place: Place, memory: int, *, ahead: bool) -> None:
        """`name` is its node's. `ahead`: it gets ready without haste."""
        self.skipped, self.restarts, self.fault = 0, 0, ''
        self._name, self._place, self._memory = name, place, memory
        self._cameras: Cameras | None = None
        self._start(AHEAD if ahead else AT_ONCE)

    def begin(self, cameras: Cameras) -> None:
        """Let it draw these."""
        self._cameras = cameras
        with suppress(ConnectionError):  # it has died while standing by, which `look` will notice
            self._connection.send(cameras.encoded())

    def look(self) -> None:
        """Hear what it has to tell, and start another one if it is dead for no reason that it knew of."""
        with suppress(BlockingIOError, ConnectionError):
            while told := self._connection.recv(MAX_MESSAGE):
                self._learn(**json.loads(told))
        if self._process.poll() is not None and not self.fault and time.monotonic() - self._begun_s > RESTART_S:
            self._connection.close()
            self.restarts += 1
            self._start(AT_ONCE)
            if self._cameras is not None:
                self.begin(self._cameras)

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self._connection.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _learn(self, *, skipped: int = 0, fault: str = '') -> None:
        self.skipped, self.fault = skipped, fault

    def _start(self, when: str) -> None:
        self._begun_s = time.monotonic()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = sys.argv[sys.argv.index('--ros-args'):] if '--ros-args' in sys.argv else []
        with theirs, ordinary_priority():
            self._process = subprocess.Popen(
                python_command(MODULE, self._name, str(theirs.fileno()), str(self._memory),
                               str(self._place.domain), self._place.robot, self._place.task, when, *own),
                stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno(), self._memory],
                env={**os.environ, **transport(os.environ, pictures=True)})
        self._connection.setblocking(False)


class SimulatedCameras:
    """One process for the robot's cameras, and one for the spectator, who must not keep them waiting.

    They draw what `states` is told. To be used in the main thread, whose children can be found by whoever tidies up.
    """

    def __init__(self, place: Place, *, ahead: bool = False) -> None:
        """`ahead`: for a robot that is not there yet."""
        self._robot = load(place.robot)
        self.place, self.states = place, SharedState()
        self._processes = [CameraProcess(name, place, self.states.descriptor, ahead=ahead)
                           for name in ((ROBOT_NODE, SPECTATOR_NODE) if self._robot.cameras else (SPECTATOR_NODE,))]

    def begin(self, full_name: Callable[[str], str], spectator_hz: float) -> None:
        """Let them draw, and publish on the topics of these names."""
        *own, spectator = self._processes
        spectator.begin(Cameras(False, {SPECTATOR: full_name(topics.SPECTATOR.name)}, {SPECTATOR: spectator_hz}))
        # the first one, which sets the pace of whoever acts on them, is drawn last: when it comes, all are there
        cameras = self._robot.cameras[::-1]
        for process in own:
            process.begin(Cameras(True, {camera.name: full_name(camera.topic) for camera in cameras},
                                  {camera.name: camera.rate_hz for camera in cameras}))

    def look(self) -> None:
        """Replace what has died."""
        for process in self._processes:
            process.look()

    @property
    def fault(self) -> str:
        """Why there are no pictures, as far as that is known."""
        return '; '.join(process.fault for process in self._processes if process.fault)

    @property
    def skipped(self) -> int:
        """Pictures that were not drawn, as there was no time."""
        return sum(process.skipped for process in self._processes)

    @property
    def restarts(self) -> int:
        return sum(process.restarts for process in self._processes)

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.close()
        self.states.close()


def make_ready(place: Place) -> None:
    """Start the processes ahead, for whoever asks for cameras first; raises ConfigError for an unknown robot."""
    _ready.append(SimulatedCameras(place, ahead=True))


def cameras_for(place: Place) -> SimulatedCameras:
    """Those that are ready for this place, or new ones; raises ConfigError for an unknown robot."""
    while _ready:
        cameras = _ready.pop()
        if cameras.place == place:
            return cameras
        cameras.close()
    return SimulatedCameras(place)
