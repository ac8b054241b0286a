"""Hands pictures of simulated cameras to the process that publishes them, and never waits for it."""
from __future__ import annotations

import json
import mmap
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from vla_async.launcher.transport import transport
from vla_async.nodes.shared_pictures import FREE, READY, SLOTS, Place, pictures_in
from vla_async.types import ImageArray

PATIENCE_S = 3.0  # with the other process, to end
RESTART_S = 1.0  # one that dies sooner is not replaced sooner
MODULE = 'vla_async.nodes.camera_drivers'


class CameraDrivers:
    """The other process: in the same ROS domain, with the same ROS arguments, and with shared memory for pictures."""

    def __init__(self, domain: int) -> None:
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = sys.argv[sys.argv.index('--ros-args'):] if '--ros-args' in sys.argv else []
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, '-m', MODULE, str(theirs.fileno()), str(domain), *own], stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()], env={**os.environ, **transport(os.environ, pictures=True)})

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self.connection.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class PictureSender:
    """Pictures to the topics of their places. For several threads; `lost` counts what the other process was too slow
    for, or not there: if it dies, another one is started.
    """

    def __init__(self, places: Sequence[Place], domain: int, drivers: CameraDrivers | None = None) -> None:
        """`drivers`: the other process, if it has been started ahead."""
        self.lost = 0
        self._places, self._domain, self._lock = places, domain, threading.Lock()
        self._memory = os.memfd_create('pictures')
        os.ftruncate(self._memory, sum(place.size for place in places))
        self._views = pictures_in(mmap.mmap(self._memory, 0), places)
        self._begin(drivers or CameraDrivers(domain))

    def send(self, number: int, stamp_ns: int, picture: ImageArray) -> None:
        """A picture (height, width, 3) for the place of this number; dropped when all its slots are in use."""
        with self._lock:
            try:
                self._collect()
                if not self._free[number]:
                    self.lost += 1
                    return
                slot = self._free[number].pop()
                self._views[number][slot] = picture
                self._drivers.connection.send(READY.pack(number, slot, stamp_ns))
            except ConnectionError:
                self.lost += 1
                if time.monotonic() - self._begun_s > RESTART_S:
                    self._drivers.close()
                    self._begin(CameraDrivers(self._domain))

    def close(self) -> None:
        """End the other process."""
        with self._lock:
            self._drivers.close()
            os.close(self._memory)

    def _begin(self, drivers: CameraDrivers) -> None:
        self._drivers, self._begun_s = drivers, time.monotonic()
        self._free = [list(range(SLOTS)) for _ in self._places]
        setup = json.dumps([asdict(place) for place in self._places]).encode()
        with suppress(ConnectionError):  # they died while standing by, which the first picture will notice
            socket.send_fds(drivers.connection, [setup], [self._memory])
        drivers.connection.setblocking(False)

    def _collect(self) -> None:
        """Learn which slots are free again."""
        while True:
            try:
                message = self._drivers.connection.recv(FREE.size)
            except BlockingIOError:
                return
            if not message:
                raise ConnectionResetError('the camera drivers have ended')
            number, slot = FREE.unpack(message)
            self._free[number].append(slot)
