"""The trajectory controllers of a robot: asked how they are set, and told of the motion in the way that they need."""
from __future__ import annotations

from vla_async.bridge.outputs.controller_settings import Judgement, judge, parameter_names
from vla_async.embodiment import TrajectoryOutput
from vla_async.errors import DataError
from vla_async.nodes.controller_parameters import ControllerParameters, controller_of
from vla_async.nodes.diagnostics import ERROR, WARN
from vla_async.nodes.lifecycle import PipelineNode


class TrajectoryControllers:
    """Asks each one until it has answered; what is wrong with it becomes a problem of the node."""

    def __init__(self, node: PipelineNode, choice: str) -> None:
        """`choice`: one of controller_settings.CHOICES, for all of them."""
        self._node, self._choice = node, choice
        self._asked = {output: ControllerParameters(node, controller_of(node.resolve_topic_name(output.topic)),
                                                    parameter_names(output.joints))
                       for output in node.robot.outputs if isinstance(output, TrajectoryOutput)}
        self.look()

    def look(self) -> None:
        """Ask again who has not answered, and tell what is wrong; call it now and then."""
        for output, asked in self._asked.items():
            asked.ask()
            judgement, key = self._judge(output), f'controller {output.name}'
            if judgement.faults or judgement.advice:
                self._node.report(key, '; '.join((*judgement.faults, *judgement.advice)),
                                  ERROR if judgement.faults else WARN)
            else:
                self._node.settle(key)

    def variants(self) -> dict[str, str]:
        """What each needs, by the output's name; raises DataError for one that would move the robot wrongly."""
        found = {}
        for output, asked in self._asked.items():
            if asked.values is None and asked.there:
                raise DataError(f'controller {output.name} is still being asked for its parameters')
            judgement = self._judge(output)
            if judgement.faults:
                raise DataError(f'controller {output.name}: {"; ".join(judgement.faults)}')
            found[output.name] = judgement.variant
        return found

    def destroy(self) -> None:
        """Ask no more."""
        for asked in self._asked.values():
            asked.destroy()

    def _judge(self, output: TrajectoryOutput) -> Judgement:
        return judge(self._asked[output].values, output.joints, self._choice)
