"""Parameters of another node, asked for through its services: what a controller says of itself."""
from __future__ import annotations

from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python


class ControllerParameters:
    """Asks until it is answered: call `ask` now and then. `values` is None until then.

    First which parameters there are, then their values: asked for one that it does not have, a node of rclcpp tells
    none at all.
    """

    def __init__(self, node: Node, controller: str, names: tuple[str, ...]) -> None:
        """`controller` is the full name of the node that is asked."""
        self.controller = controller
        self.values: dict[str, object] | None = None
        self._node, self._names = node, frozenset(names)
        self._list = node.create_client(ListParameters, f'{controller}/list_parameters')
        self._get = node.create_client(GetParameters, f'{controller}/get_parameters')

    @property
    def there(self) -> bool:
        """Whether somebody would answer."""
        return bool(self._list.service_is_ready() and self._get.service_is_ready())

    def ask(self) -> None:
        """Ask unless it is known already, or nobody is there; an answer that never comes is asked for anew."""
        if self.values is None and self.there:
            self._list.call_async(ListParameters.Request()).add_done_callback(self._listed)

    def destroy(self) -> None:
        """Ask no more."""
        self._node.destroy_client(self._list)
        self._node.destroy_client(self._get)

    def _listed(self, future: Any) -> None:
        names = sorted(self._names.intersection(future.result().result.names))
        self._get.call_async(GetParameters.Request(names=names)).add_done_callback(
            lambda answer: self._told(names, answer.result().values))

    def _told(self, names: list[str], values: Any) -> None:
        if len(values) == len(names):
            self.values = {name: parameter_value_to_python(value) for name, value in zip(names, values, strict=True)}


def controller_of(topic: str) -> str:
    """Node that listens to a topic of its own, `~/joint_trajectory`: `/arm_controller` of `/arm_controller/...`."""
    return topic.rpartition('/')[0]
