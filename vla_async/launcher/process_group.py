"""A process with whatever it has started itself: both are signalled together."""
from __future__ import annotations

import os
import signal
import subprocess


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process' whole group; nothing happens when it is gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:  # gone, or so young that it has not made its group
        process.send_signal(number)
