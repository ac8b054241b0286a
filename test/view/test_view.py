"""`vla-async view` in a real browser: a process, small real publishers, and what is seen of them on the page."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import chromium
import numpy as np
import pytest
import rclpy
from chromium import Chromium, until
from rclpy.context import Context
from rclpy.node import Node
from vla_async_msgs.msg import Latent, SystemStatus

from vla_async import cli, embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import (
    chunk_message,
    image_message,
    joint_state_message,
    to_time,
    window_message,
)
from vla_async.types import ActionChunk, JointWindow

ROBOT = embodiment.load('astribot_s1')
HOME = ROBOT.array('home')
MAGENTA = (220, 0, 220)  # of the pictures; nothing else on the page has it
SCENE = np.s_[:, 310:670]  # rows and columns of the page, beside a note of viser's that it is drawn without a GPU
UNREADABLE = 'left_wrist'  # a camera whose pictures nobody understands
REASON = 'holding: no motion arrives <b>&'


class Suite:
    """Says what a running suite says; the arms rise and sink."""

    def __init__(self, context: Context) -> None:
        self._node = Node('suite', context=context, namespace='/left')
        self._joints, self._chunks, self._windows, self._latents, self._statuses = (
            topic.advertise(self._node) for topic in (topics.JOINT_STATES, topics.ACTION_CHUNK, topics.TRAJECTORY,
                                                      topics.LATENT, topics.SYSTEM_STATUS))
        self._cameras = [(camera, topics.camera(camera).advertise(self._node)) for camera in ROBOT.cameras]
        self.lift = 0.0  # of both arms [rad]

    def speak(self) -> None:
        now_ns, latent = time.time_ns(), Latent()
        latent.header.stamp = to_time(now_ns - 1_500_000_000)
        self._joints.publish(joint_state_message(now_ns, ROBOT.joint_names, self._lifted(0.0), np.zeros(ROBOT.dof)))
        rows = np.stack([self._lifted(angle) for angle in np.linspace(0.0, 0.8, 32)])
        self._chunks.publish(chunk_message(ActionChunk(now_ns, 33_000_000, rows), ROBOT.joint_names))
        window = JointWindow(now_ns, 100_000_000, rows, 0 * rows, 0 * rows)
        self._windows.publish(window_message(window, ROBOT.joint_names))
        self._latents.publish(latent)
        self._statuses.publish(SystemStatus(state='holding', text=REASON))
        for camera, publisher in self._cameras:
            message = image_message(now_ns, camera.name, np.full((camera.height, camera.width, 3), MAGENTA, np.uint8))
            message.encoding = 'yuv422' if camera.name == UNREADABLE else message.encoding
            publisher.publish(message)

    def listeners(self) -> int:
        return self._joints.get_subscription_count()

    def _lifted(self, angle: float) -> np.ndarray:
        position = HOME.copy()
        position[[ROBOT.joint_names.index(f'{side}_arm_1') for side in ('left', 'right')]] -= self.lift + angle
        return position


@pytest.fixture
def suite(ros_domain: int) -> Iterator[Suite]:
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    yield Suite(context)
    rclpy.shutdown(context=context)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def view(ros_domain: int, port: int) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, ready to serve."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'vla_async.cli', 'view', '--namespace', 'left', '--port', str(port)],
        env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert f'http://127.0.0.1:{port}' in process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def bright(scene: np.ndarray) -> np.ndarray:
    """Where the robot's white covers are; the floor behind it is dark."""
    return np.asarray(scene.min(axis=2) > 90)


def green(scene: np.ndarray) -> np.ndarray:
    """Where fused motion begins."""
    red, green, blue = np.moveaxis(scene.astype(int), 2, 0)
    return np.asarray((green > red + 40) & (green > blue + 40))


def near(picture: np.ndarray, colour: tuple[int, ...], distance: int = 40) -> int:
    """How many pixels have about this colour."""
    return int((np.abs(picture.astype(int) - colour).max(axis=2) < distance).sum())


@pytest.mark.slow
@pytest.mark.skipif(chromium.EXECUTABLE is None, reason=chromium.MISSING)
def test_a_browser_shows_robot_motion_cameras_ages_and_state_while_it_is_open(view, suite, port, tmp_path) -> None:
    def seen(condition: Callable[[], object], what: str) -> None:
        until(lambda: suite.speak() or condition(), what)

    assert suite.listeners() == 0  # nobody looks yet
    with Chromium(tmp_path) as browser:
        browser.open(f'http://127.0.0.1:{port}')
        seen(lambda: REASON in browser.text(), 'state and reason, as they are')
        seen(lambda: 'latent 1.5' in browser.text() and 'chunk 0.' in browser.text(), 'ages')
        seen(lambda: near(browser.picture(), MAGENTA) > 55_000, 'pictures of both cameras that can be read')
        seen(lambda: bright(browser.picture()[SCENE]).sum() > 3000, 'the robot')
        seen(lambda: green(browser.picture()[SCENE]).sum() > 5, 'fused motion')
        robot = bright(browser.picture()[SCENE])
        suite.lift = 1.2
        seen(lambda: (robot & ~bright(browser.picture()[SCENE])).sum() > 300, 'motion of the robot')
    until(lambda: suite.listeners() == 0, 'silence once nobody looks')
    view.send_signal(signal.SIGINT)
    assert view.wait(chromium.LIMIT_S) == 0


def test_a_port_that_is_taken_is_named(port, capsys) -> None:
    with socket.socket() as other:
        other.bind(('127.0.0.1', port))
        other.listen()
        assert cli.main(['view', '--port', str(port)]) == 1
    assert f'127.0.0.1:{port} cannot be served: Address already in use; choose another' in capsys.readouterr().err


def test_what_is_no_namespace_is_named(capsys) -> None:
    assert cli.main(['view', '--namespace', 'my robot']) == 1
    assert "--namespace must be a name as left or /site/left, got 'my robot'" in capsys.readouterr().err
