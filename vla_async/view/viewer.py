"""The node behind the page: hears the suite only while a browser shows the page, and says nothing itself."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.joint_order import JointOrder
from vla_async.nodes import topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.conversions import joint_state_value
from vla_async.nodes.motion_feed import MotionFeed
from vla_async.nodes.polling import PolledSubscription
from vla_async.picture import pixels
from vla_async.viz.page import Page

NAME = 'viewer'
RATE_HZ = 12.0
REPEAT_S = 5.0  # between warnings
CHUNKS = 12  # raw ones that are drawn


class Viewer(Node):
    """Draws what the subscriptions hold, RATE_HZ times a second."""

    def __init__(self, robot: Embodiment, page: Page, **options: Any) -> None:
        super().__init__(NAME, **options)
        self._robot, self._page = robot, page
        self._hearing: _Hearing | None = None
        self.create_timer(1.0 / RATE_HZ, self._tick, clock=STEADY)

    def _tick(self) -> None:
        if self._page.watched:
            self._hearing = self._hearing or _Hearing(self, self._robot, self._page)
            self._draw(self._hearing)
        elif self._hearing is not None:
            self._hearing.destroy()
            self._hearing = None

    def _draw(self, hearing: _Hearing) -> None:
        with self._page.at_once():
            for show in hearing.shows(self.get_clock().now().nanoseconds):
                self._try(show)

    def _try(self, show: Callable[[], None]) -> None:
        """A message that does not fit the robot keeps nothing else from being shown."""
        try:
            show()
        except DataError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=REPEAT_S)


class _Hearing:
    """Subscriptions to all that is shown."""

    def __init__(self, node: Node, robot: Embodiment, page: Page) -> None:
        self._page, self._order = page, JointOrder(robot.joint_names)
        self._motion = MotionFeed(node, robot, page.kinematics, CHUNKS)
        self._joints = PolledSubscription(node, topics.JOINT_STATES)
        self._cameras = {camera.name: PolledSubscription(node, topics.camera(camera)) for camera in robot.cameras}

    def destroy(self) -> None:
        """Unsubscribe."""
        self._motion.destroy()
        for source in (self._joints, *self._cameras.values()):
            source.destroy()

    def shows(self, now_ns: int) -> list[Callable[[], None]]:
        """Show whatever is new; each raises DataError for a message that does not fit the robot."""
        return [self._motion.look, partial(self._show_motion, now_ns), self._show_joints,
                *(partial(self._show_camera, name) for name in self._cameras)]

    def _show_motion(self, now_ns: int) -> None:
        self._page.show_caption(self._motion.caption(now_ns))
        self._page.show_lines(self._motion.paths.lines(now_ns))
        self._page.show_ghost(self._motion.paths.horizon_end(now_ns))

    def _show_joints(self) -> None:
        if (joints := self._joints.newest()) is not None:
            self._page.show_robot(self._order.arrange(*joint_state_value(joints)).position)

    def _show_camera(self, name: str) -> None:
        if (picture := self._cameras[name].newest()) is not None:
            self._page.show_picture(name, pixels(picture))
