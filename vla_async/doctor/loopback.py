"""The two processes of a DDS check: `talk` sends pictures until it is ended, `listen` waits for three of them."""
from __future__ import annotations

import sys
import time
from array import array

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from vla_async.nodes.conversions import to_ns

TOPIC = 'vla_async_doctor'
WANTED = 3
PATIENCE_S = 30.0


def main() -> int:
    """`talk <bytes>` or `listen`; 0 when the messages came; the listener prints the shortest way in ms."""
    rclpy.init()
    node = Node(f'doctor_{sys.argv[1]}')
    try:
        return talk(node, int(sys.argv[2])) if sys.argv[1] == 'talk' else listen(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def talk(node: Node, size: int) -> int:
    """Send pictures of `size` bytes until ended."""
    publisher = node.create_publisher(Image, TOPIC, qos_profile_sensor_data)
    picture = Image(data=array('B', bytes(size)))

    def send() -> None:
        picture.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(picture)

    node.create_timer(0.05, send)
    rclpy.spin(node)
    return 0


def listen(node: Node) -> int:
    """Wait for the messages."""
    ways_ms: list[float] = []

    def take(picture: Image) -> None:
        ways_ms.append((node.get_clock().now().nanoseconds - to_ns(picture.header.stamp)) / 1e6)

    node.create_subscription(Image, TOPIC, take, qos_profile_sensor_data)
    give_up = time.monotonic() + PATIENCE_S
    while len(ways_ms) < WANTED and time.monotonic() < give_up:
        rclpy.spin_once(node, timeout_sec=0.2)
    if len(ways_ms) < WANTED:
        sys.stderr.write(f'{len(ways_ms)} of {WANTED} messages came within {PATIENCE_S:.0f} s\n')
        return 1
    sys.stdout.write(f'{min(ways_ms):.1f}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
