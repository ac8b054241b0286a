"""MuJoCo robot in real time: takes the controllers' commands, gives joint states, pictures and the judge's view."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
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
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.picture_sender import PictureSender
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.nodes.robot_membership import prepared_drivers
from vla_async.nodes.shared_pictures import Place
from vla_async.nodes.threads import CONTROL_PRIORITY, be_nice, give_up_realtime, take_turns_quickly
from vla_async.sim.camera_loop import CameraLoop
from vla_async.sim.cameras import Renderer
from vla_async.sim.controllers import ControllerRack
from vla_async.sim.furniture import SPECTATOR, SPECTATOR_SIZE
from vla_async.sim.realtime import RealTimeWorld, Snapshot
from vla_async.sim.world import World
from vla_async.types import FloatArray, ImageArray
from vla_async.urdf import expand

STATUS_PERIOD_S = 0.1
SLOW_FACTOR = 0.95
SPECTATOR_NICENESS = 10


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of robot_simulator."""

    task: str = parameter('touch', 'family of scenes: a name from vla_async/sim/tasks/')
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
    """Shell around RealTimeWorld and CameraLoop."""

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
        self._world = RealTimeWorld(world, self._robot, self._now_ns, self._take_commands, self._publish_state)
        self._cameras = self._camera_loops(world, values.spectator_hz)
        self._description = topics.ROBOT_DESCRIPTION.advertise(self)
        self._description.publish(String(data=expand(self._robot).toxml()))  # as a robot's robot_state_publisher does
        self.create_service(ResetSimulation, '~/reset', self._reset)
        self.create_timer(STATUS_PERIOD_S, self._publish_status, clock=STEADY)
        self._diagnostics = DiagnosticsPublisher(self, 'real-time simulation', values.robot, self._diagnose)
        self._world.start()
        for cameras in self._cameras:
            cameras.start()

    def close(self) -> None:
        """Stop all threads while their publishers still live."""
        for cameras in self._cameras:
            cameras.stop()
        self._pictures.close()
        self._world.stop()

    def _camera_loops(self, world: World, spectator_hz: float) -> list[CameraLoop]:
        """The robot's cameras, and the spectator's, which must not keep them waiting."""
        self._pictures, self._places = self._picture_sender(), [*(c.name for c in self._robot.cameras), SPECTATOR]
        # the first one, which sets the pace of whoever acts on them, is drawn last: when it comes, all are there
        rates = {camera.name: camera.rate_hz for camera in reversed(self._robot.cameras)}
        own = [self._camera_loop(world, rates, give_up_realtime)] if rates else []
        return [*own, self._camera_loop(world, {SPECTATOR: spectator_hz}, _give_way)]

    def _camera_loop(self, world: World, rates: dict[str, float], on_start: Callable[[], object]) -> CameraLoop:
        fastest = max(rates.values())
        dividers = {name: max(1, round(fastest / rate)) for name, rate in rates.items()}
        return CameraLoop(partial(Renderer, world), self._world.lock, fastest, dividers, self._now_ns,
                          self._publish_picture, on_start)

    def _picture_sender(self) -> PictureSender:
        width, height = SPECTATOR_SIZE
        places = [*((camera.name, camera.topic, camera.height, camera.width) for camera in self._robot.cameras),
                  (SPECTATOR, topics.SPECTATOR.name, height, width)]
        return PictureSender([Place(self.resolve_topic_name(topic), f'{name}_camera_optical', height, width)
                              for name, topic, height, width in places],
                             self.context.get_domain_id(), prepared_drivers())

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _take_commands(self, controllers: ControllerRack, now_ns: int) -> None:
        for commands in self._inputs:
            commands.take(controllers, now_ns)

    def _publish_state(self, position: FloatArray, velocity: FloatArray, effort: FloatArray) -> None:
        self._joint_states.publish(joint_state_message(self._now_ns(), self._robot.joint_names, position, velocity,
                                                       effort))

    def _publish_picture(self, name: str, stamp_ns: int, picture: ImageArray) -> None:
        self._pictures.send(self._places.index(name), stamp_ns, picture)

    def _publish_status(self) -> None:
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
                  'pictures skipped': sum(cameras.skipped for cameras in self._cameras),
                  'pictures lost': self._pictures.lost,
                  'commands ignored': self._world.controllers.ignored}
        if broken := [str(cameras.fault) for cameras in self._cameras if cameras.fault is not None]:
            return Diagnosis(ERROR, f'no pictures: {broken[0]}', values)
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


def _give_way() -> None:
    give_up_realtime()
    be_nice(SPECTATOR_NICENESS)


def main() -> int:
    take_turns_quickly()  # cameras and physics share the interpreter
    # a robot's own controllers do not wait for what else runs on a computer
    return run(RobotSimulator, priority=CONTROL_PRIORITY)
