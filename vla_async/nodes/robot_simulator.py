"""MuJoCo robot in real time: takes the controllers' commands, gives joint states, pictures and the judge's view."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rclpy.node import Node
from std_msgs.msg import String
from vla_async_msgs.msg import SimulationStatus
from vla_async_msgs.srv import ResetSimulation

from vla_async.embodiment import Output, load
from vla_async.errors import ConfigError, DataError, VlaAsyncError
from vla_async.nodes import parameters, qos, topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.controller_conversions import from_controller
from vla_async.nodes.conversions import joint_state_message, to_time
from vla_async.nodes.diagnostics import ERROR, OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import SceneParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.nodes.simulated_cameras import Place, cameras_for
from vla_async.nodes.threads import CONTROL_PRIORITY, take_turns_quickly
from vla_async.sim.controllers import ControllerRack
from vla_async.sim.realtime import RealTimeWorld, Snapshot
from vla_async.sim.world import World
from vla_async.types import FloatArray
from vla_async.urdf import expand

STATUS_PERIOD_S = 0.1
SLOW_FACTOR = 0.95


@dataclass(frozen=True)
class Parameters(SceneParameters):
    """Parameters of robot_simulator."""

    seed: int = parameter(0, 'seed of the first scene', low=0, high=2**31 - 1)
    spectator_hz: float = parameter(10.0, 'pictures a second of the spectator for videos [Hz]', low=0.1, high=30.0)


class ControllerInput:
    """What arrives for one controller, best effort as real ones listen, and checked; a fault is named once."""

    def __init__(self, node: Node, output: Output) -> None:
        self._node, self._output = node, output
        self._subscription = PolledSubscription(node, replace(topics.controller(output), qos=qos.SENSOR))
        self.fault = ''

    def take(self, controllers: ControllerRack, now_ns: int) -> None:
        """The newest message, if any, to its controller."""
        message = self._subscription.newest()
        if message is None:
            return
        try:
            controllers.receive(self._output.name, *from_controller(self._output, message), now_ns)
            self.fault = ''
        except DataError as error:
            fault = f'{self._output.topic}: {error}'
            if not self.fault:  # once, not for each message of a stream
                self._node.get_logger().error(fault)
            self.fault = fault


class RobotSimulator(Node):
    """Shell around RealTimeWorld, and around the processes of its cameras."""

    def __init__(self, **options: Any) -> None:
        super().__init__('robot_simulator', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        self._robot, self._task = load(values.robot), values.task
        world = World(self._robot, values.task)
        world.reset(values.seed)
        self._inputs = [ControllerInput(self, output) for output in self._robot.outputs]
        self._joint_states = topics.JOINT_STATES.advertise(self)
        self._status = topics.SIMULATION_STATUS.advertise(self)
        self._cameras = cameras_for(Place(values.robot, values.task, self.context.get_domain_id()))
        self._world = RealTimeWorld(world, self._robot, self._now_ns, self._take_commands, self._publish_state,
                                    self._cameras.states)
        self._cameras.begin(self.resolve_topic_name, values.spectator_hz)
        self._description = topics.ROBOT_DESCRIPTION.advertise(self)
        self._description.publish(String(data=expand(self._robot).toxml()))  # as a robot's robot_state_publisher does
        self.create_service(ResetSimulation, '~/reset', self._reset)
        self.create_timer(STATUS_PERIOD_S, self._publish_status, clock=STEADY)
        self._diagnostics = DiagnosticsPublisher(self, 'real-time simulation', values.robot, self._diagnose)
        self._world.start()

    def close(self) -> None:
        """Stop physics while its publishers still live, and the cameras."""
        self._world.stop()
        self._cameras.close()

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _take_commands(self, controllers: ControllerRack, now_ns: int) -> None:
        for commands in self._inputs:
            commands.take(controllers, now_ns)

    def _publish_state(self, position: FloatArray, velocity: FloatArray, effort: FloatArray) -> None:
        self._joint_states.publish(joint_state_message(self._now_ns(), self._robot.joint_names, position, velocity,
                                                       effort))

    def _publish_status(self) -> None:
        self._cameras.look()
        self._status.publish(status_message(self._world.look(), self._task, self._now_ns()))

    def _reset(self, request: ResetSimulation.Request, response: ResetSimulation.Response) -> ResetSimulation.Response:
        try:
            if request.task not in ('', self._task):
                raise ConfigError(f'this simulator runs the task {self._task!r}; start it with task {request.task!r}')
            snapshot = self._world.reset(request.seed, request.instruction or None)
        except VlaAsyncError as error:
            response.message = str(error)
            return response
        response.success, response.episode = True, snapshot.episode
        response.instruction = snapshot.scene.instruction
        return response

    def _diagnose(self) -> Diagnosis:
        factor = self._world.real_time_factor
        values = {'real-time factor': factor, 'late slices': self._world.slices_late,
                  'pictures skipped': self._cameras.skipped, 'camera restarts': self._cameras.restarts,
                  'commands ignored': self._world.controllers.ignored}
        if self._cameras.fault:
            return Diagnosis(ERROR, f'no pictures: {self._cameras.fault}', values)
        faults = '; '.join(commands.fault for commands in self._inputs if commands.fault)
        if faults or factor < SLOW_FACTOR:
            return Diagnosis(WARN, faults or f'slower than real time: {factor:.2f}', values)
        return Diagnosis(OK, 'in real time', values)


def status_message(snapshot: Snapshot, task: str, now_ns: int) -> SimulationStatus:
    """The judge's view as a message."""
    scene, outcome, limits = snapshot.scene, snapshot.outcome, snapshot.limits
    message = SimulationStatus(
        episode=snapshot.episode, task=task, seed=scene.seed, instruction=scene.instruction, hand=outcome.hand,
        target=outcome.target, nearest=outcome.nearest, distance=outcome.distance, held=outcome.held,
        success=outcome.success, correct_target=outcome.correct_target, touched=sorted(outcome.touched),
        elapsed=snapshot.elapsed_s, steps_judged=limits.judged, steps_unjudged=limits.unjudged,
        limit_violations=limits.violations, violated=limits.violated, set_point_ratios=limits.ratios[0],
        joint_ratios=limits.ratios[1], set_point_speeds=limits.speeds[:, 0].tolist(),
        joint_speeds=limits.speeds[:, 1].tolist())
    message.header.stamp = to_time(now_ns)
    return message


def main() -> int:
    take_turns_quickly()  # callbacks and physics share the interpreter
    # a robot's own controllers do not wait for what else runs on a computer
    return run(RobotSimulator, priority=CONTROL_PRIORITY)
