"""A process in reserve: it has prepared what takes time, knows the others, and waits to be called up."""
from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress

from vla_async.launcher.process_group import signal_group


class Spare:
    """One such process. Its standard input is a line to it, on which it says a byte when it is ready."""

    def __init__(self, spawn: Callable[[int], subprocess.Popen[bytes]]) -> None:
        """`spawn` starts the process with a given file descriptor as its standard input."""
        self._line, theirs = socket.socketpair()
        with theirs:
            self.process = spawn(theirs.fileno())

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it has prepared everything."""
        try:
            return bool(self._line.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)) and self.alive
        except OSError:
            return False

    def call_up(self, predecessor: int) -> subprocess.Popen[bytes] | None:
        """The process, on its way into `main()`, told the id of the one that has ended and whose place it takes.

        None when it has died or is not ready: it prepares with what processor time is left over, which on a busy
        machine takes longer than to start anew.
        """
        if not self.ready:
            self.dismiss()
            return None
        with suppress(OSError):  # it died this instant, which its owner will notice
            self._line.sendall(b'%d\n' % predecessor)
        self._line.close()
        return self.process

    def dismiss(self) -> None:
        """Kill it, and what it has started; what it leaves in shared memory is swept up with that of all processes."""
        signal_group(self.process, signal.SIGKILL)
        self.process.wait()
        self._line.close()
