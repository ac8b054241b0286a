"""ROS 2 as wheels: imports, messages, and a message that travels between two processes."""
from __future__ import annotations

import importlib
import os
import subprocess
import sys

from vla_async.doctor.check import FAIL, OK, Finding
from vla_async.errors import EnvironmentFault
from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment

PACKAGES = ('rclpy', 'sensor_msgs.msg', 'trajectory_msgs.msg', 'std_msgs.msg', 'std_srvs.srv', 'diagnostic_msgs.msg')
REINSTALL = 'install the package again: make demo, or pip install --force-reinstall .'
TIMEOUT_S = 60.0
SMALL, PICTURE = 10_000, 500_000  # bytes


def wheels() -> Finding:
    """Whether rclpy and the interface packages import."""
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            return Finding(FAIL, f'{name} does not import: {error}', REINSTALL)
    return Finding(OK, f'rclpy and {len(PACKAGES) - 1} interface packages')


def own_messages() -> Finding:
    """Whether vla_async_msgs was built for this Python."""
    try:
        importlib.import_module('vla_async_msgs.msg')
    except (ImportError, OSError) as error:
        return Finding(FAIL, f'vla_async_msgs was not built: {error}', f'install compiler and cmake, then {REINSTALL}')
    return Finding(OK, 'vla_async_msgs')


def loopback() -> Finding:
    """Whether messages and pictures get from one process to another on this machine, each its own way."""
    try:
        claim = claim_free_domain()
    except EnvironmentFault as error:
        return Finding(FAIL, str(error), 'end some ROS programs')
    try:
        ways_ms = [_exchange(environment(claim.id, os.environ, pictures=pictures), size)
                   for pictures, size in ((False, SMALL), (True, PICTURE))]
    except EnvironmentFault as error:
        return Finding(FAIL, str(error), 'allow UDP on the loopback interface (firewall), and see /dev/shm above')
    finally:
        claim.release()
    return Finding(OK, 'between two processes: a message by UDP {} ms, a picture of 0.5 MB {} ms'.format(*ways_ms))


def _exchange(env: dict[str, str], size: int) -> str:
    """A listener and a talker, each in its own process; the shortest time that a message of `size` bytes took [ms]."""
    here = [sys.executable, '-m', 'vla_async.doctor.loopback']
    talker = subprocess.Popen([*here, 'talk', str(size)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listener = subprocess.run([*here, 'listen'], env=env, capture_output=True, text=True, timeout=TIMEOUT_S,
                                  check=False)
    except subprocess.TimeoutExpired:
        raise _silent('the listener did not end', size) from None
    finally:
        talker.terminate()
        talker.wait()
    if listener.returncode != 0:
        raise _silent((listener.stderr.strip().splitlines() or ['nothing arrived'])[-1], size)
    return listener.stdout.strip()


def _silent(why: str, size: int) -> EnvironmentFault:
    return EnvironmentFault(f'no messages of {size} bytes between two processes: {why}')
