"""Process: publishes the pictures of simulated cameras, as the drivers of real ones do in processes of their own.

Who publishes pictures may have to wait when one of their readers is killed (vla_async/launcher/transport.py); a robot
must not. `PictureSender` starts this process and hands it the pictures in memory that both share.
"""
from __future__ import annotations

import json
import mmap
import os
import signal
import socket
import sys
from contextlib import suppress

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from vla_async.nodes import topics
from vla_async.nodes.conversions import image_message
from vla_async.nodes.shared_pictures import FREE, READY, Place, pictures_in
from vla_async.nodes.threads import CAMERA_PRIORITY, raise_process

NAME = 'camera_drivers'
MAX_SETUP = 65536  # bytes


def serve(node: Node, connection: socket.socket) -> None:
    """Learn the places, publish what is said to be there, and say when a slot is free; until the other end closes."""
    setup, memory, _, _ = socket.recv_fds(connection, MAX_SETUP, 1)
    if not setup:
        return
    places = [Place(**fields) for fields in json.loads(setup)]
    views = pictures_in(mmap.mmap(memory[0], 0), places)
    os.close(memory[0])
    publishers = [topics.pictures(place.topic).advertise(node) for place in places]
    while message := connection.recv(READY.size):
        place, slot, stamp_ns = READY.unpack(message)
        publishers[place].publish(image_message(stamp_ns, places[place].frame, views[place][slot]))
        connection.send(FREE.pack(place, slot))


def main() -> None:
    """`python -m vla_async.nodes.camera_drivers <socket> <domain> [ROS arguments]`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # it ends with the robot
        signal.signal(number, signal.SIG_IGN)
    raise_process(CAMERA_PRIORITY)  # it has little to do, and what acts on pictures waits for them
    rclpy.init(args=sys.argv[3:], domain_id=int(sys.argv[2]), signal_handler_options=SignalHandlerOptions.NO)
    node = Node(NAME, use_global_arguments=False, start_parameter_services=False,
                parameter_overrides=[Parameter('start_type_description_service', value=False)])
    with socket.socket(fileno=int(sys.argv[1])) as connection, suppress(ConnectionError):  # the robot was killed
        serve(node, connection)
    rclpy.shutdown()


if __name__ == '__main__':
    main()
