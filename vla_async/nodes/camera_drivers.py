"""Process: draws what some cameras of a simulated robot see, and publishes it as the drivers of real ones do.

Drawing shares neither interpreter nor lock with the physics, which it would keep waiting; nor does the spectator with
the robot's own cameras. And who publishes pictures may have to wait when one of their readers is killed
(vla_async/launcher/transport.py); a robot must not. `SimulatedCameras` starts these processes.
"""
from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from vla_async.errors import VlaAsyncError
from vla_async.launcher.child import at_low_priority
from vla_async.nodes import topics
from vla_async.nodes.conversions import image_message
from vla_async.nodes.threads import be_nice
from vla_async.types import ImageArray

if TYPE_CHECKING:
    from vla_async.sim.camera_loop import CameraLoop
    from vla_async.sim.remote_renderer import RemoteRenderer

ROBOT_NODE, SPECTATOR_NODE = 'camera_drivers', 'spectator'  # the nodes' names
AHEAD, AT_ONCE = 'ahead', 'at once'
MAX_MESSAGE = 65536  # bytes
REPORT_S = 1.0
# in real time cameras and acting together would leave a busy core nothing, for which Linux stops motion, too, for 50 ms
CAMERA_NICENESS, SPECTATOR_NICENESS = -10, 19


@dataclass(frozen=True)
class Cameras:
    """What a process is to draw, as the simulated robot tells it."""

    urgent: bool  # what the robot sees, and not who looks on
    topics: dict[str, str]  # full name of each camera's topic
    rates: dict[str, float]  # [Hz]

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def serve(node: Node, connection: socket.socket, renderer: RemoteRenderer) -> None:
    """Learn what is to be drawn, and draw it until the other end closes."""
    from vla_async.sim.camera_loop import CameraLoop
    told = connection.recv(MAX_MESSAGE)
    if not told:
        return
    cameras = Cameras(**json.loads(told))
    be_nice(CAMERA_NICENESS if cameras.urgent else SPECTATOR_NICENESS)
    publishers = {name: topics.pictures(topic).advertise(node) for name, topic in cameras.topics.items()}

    def publish(name: str, stamp_ns: int, picture: ImageArray) -> None:
        publishers[name].publish(image_message(stamp_ns, f'{name}_camera_optical', picture))
    fastest = max(cameras.rates.values())
    dividers = {name: max(1, round(fastest / rate)) for name, rate in cameras.rates.items()}
    loop, stop = CameraLoop(renderer, fastest, dividers, publish), threading.Event()
    threading.Thread(target=report, args=(connection, loop, stop), name='report', daemon=True).start()
    try:
        loop.run(stop)
    finally:
        renderer.close()


def report(connection: socket.socket, loop: CameraLoop, stop: threading.Event) -> None:
    """Say how it goes, until the other end closes."""
    connection.settimeout(REPORT_S)
    while not stop.is_set():
        try:
            if not connection.recv(MAX_MESSAGE):
                stop.set()
        except TimeoutError:
            with suppress(TimeoutError):  # of a robot that is stuck; its pictures go on
                connection.send(json.dumps({'skipped': loop.skipped}).encode())
        except ConnectionError:
            stop.set()


def make_renderer(robot: str, task: str, memory: int) -> RemoteRenderer:
    """What draws; takes a while, also to import."""
    from vla_async.embodiment import load
    from vla_async.sim.remote_renderer import RemoteRenderer
    from vla_async.sim.shared_state import SharedState
    return RemoteRenderer(load(robot), task, SharedState(memory))


def main() -> None:
    """`camera_drivers <node's name> <socket> <memory> <domain> <robot> <task> <ahead or at once> [ROS arguments]`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # it ends with the robot
        signal.signal(number, signal.SIG_IGN)
    name, descriptor, memory, domain, robot, task, when = sys.argv[1:8]
    rclpy.init(args=sys.argv[8:], domain_id=int(domain), signal_handler_options=SignalHandlerOptions.NO)
    node = Node(name, use_global_arguments=False, start_parameter_services=False,
                parameter_overrides=[Parameter('start_type_description_service', value=False)])
    make = partial(make_renderer, robot, task, int(memory))
    with socket.socket(fileno=int(descriptor)) as connection, suppress(ConnectionError):  # the robot was killed
        try:
            serve(node, connection, at_low_priority(make) if when == AHEAD else make())
        except VlaAsyncError as error:
            connection.send(json.dumps({'fault': str(error)}).encode())
    rclpy.shutdown()


if __name__ == '__main__':
    main()
