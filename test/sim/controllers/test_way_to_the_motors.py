"""From a motion through the outputs and their controllers to the joints, in virtual time: it arrives, within limits."""
import numpy as np
import pytest
import yaml

from vla_async import embodiment
from vla_async.bridge.motion import Spline
from vla_async.bridge.outputs import OutputSettings, Tick, make_output
from vla_async.joint_order import JointReading
from vla_async.sim.controllers import ControllerRack
from vla_async.sim.limit_watch import LimitWatch
from vla_async.sim.world import World
from vla_async.types import JointCommand, JointWindow

BEGIN_NS = 1_700_000_000_000_000_000
TICK_NS, LATE_TICKS = 4_000_000, 3  # joint states are 12 ms old
TAKES_S = 2.0
GOAL = {'base_x': -0.3, 'base_y': -0.2, 'base_yaw': 0.6, 'torso_4': 0.4, 'left_arm_1': 0.6, 'right_arm_4': -0.6,
        'head_1': 0.6, 'left_gripper': 1.0}  # from home [rad or m]
BASE = ('base_x', 'base_y', 'base_yaw')
POSITIONS, TRAJECTORIES = 'astribot_s1', 'astribot_s1_ros2_control'


@pytest.fixture
def velocities(tmp_path):
    """The Astribot with drives that take velocities only."""
    others = [name for name in embodiment.load(POSITIONS).joint_names if name not in BASE]
    path = tmp_path / 'velocities.yaml'
    path.write_text(yaml.safe_dump({'like': POSITIONS, 'outputs': {
        'base': {'kind': 'twist', 'topic': 'base', 'joints': list(BASE), 'frame': 'world', 'gain': 2.0, 'linear': 0.6,
                 'angular': 0.8},
        'others': {'kind': 'forward_velocity', 'topic': 'others', 'gain': 2.0, 'joints': others}}}))
    return str(path)


class Chain:
    """A motion from home to the goal, the outputs that send it, the controllers that obey, and the robot."""

    def __init__(self, robot_name):
        robot = embodiment.load(robot_name)
        self.world, home = World(robot, 'touch'), robot.array('home')
        self.motion = Spline(way(home, robot.indices(tuple(GOAL))))
        self.outputs = [(o.name, make_output(o, robot, OutputSettings())) for o in robot.outputs]
        self.rack = ControllerRack(robot, home, TICK_NS)
        self.watch = LimitWatch(robot, self.world.timestep)
        self.watch.restart(home)
        self.measured = [home] * (LATE_TICKS + 1)
        self.now_ns = BEGIN_NS
        self.led = np.array([joint.kind != 'gripper' for joint in robot.joints])

    def run(self, seconds, *, alive=True):
        """Everything, or without who sends."""
        for _ in range(round(seconds * 1e9 / TICK_NS)):
            if alive:
                self._send()
            held = self.rack.reference(self.now_ns)
            for _ in range(2):
                self.world.step(held)
                self.watch.add(held, self.world.position())
            self.measured.append(self.world.position())
            self.now_ns += TICK_NS

    def _send(self):
        age_ns, measured = LATE_TICKS * TICK_NS, self.measured[-1 - LATE_TICKS]
        command = JointCommand(self.now_ns, *self.motion.sample(self.now_ns))
        reading = JointReading(self.now_ns - age_ns, measured, 0 * measured)
        tick = Tick(self.now_ns, self.now_ns, command, self.motion, reading)
        for name, output in self.outputs:
            payload = output.take(tick)
            if payload is not None:
                stamp_ns = payload.stamp_ns if isinstance(payload, JointWindow) else self.now_ns
                self.rack.receive(name, payload, stamp_ns, self.now_ns)

    def apart(self):
        """How far the joints are from the motion, (D,) [rad or m]."""
        return np.abs(self.world.position() - self.motion.sample(self.now_ns)[0])


def way(home, joints):
    """On a quintic from home to the goal."""
    goal, u = np.zeros(home.size), np.linspace(0, 1, 101)[:, None]
    goal[joints] = list(GOAL.values())
    position = home + goal * u ** 3 * (10 - 15 * u + 6 * u * u)
    velocity = goal * 30 * u ** 2 * (1 - u) ** 2 / TAKES_S
    acceleration = goal * 60 * u * (1 - u) * (1 - 2 * u) / TAKES_S ** 2
    return JointWindow(BEGIN_NS, round(TAKES_S * 1e7), position, velocity, acceleration)


@pytest.mark.parametrize('kind', [POSITIONS, TRAJECTORIES, 'velocities'])
def test_a_motion_arrives_through_every_kind_of_controller_and_breaks_no_limit(kind, request):
    chain = Chain(request.getfixturevalue(kind) if kind == 'velocities' else kind)
    chain.run(TAKES_S / 2)
    assert chain.apart()[chain.led].max() < 0.05  # the servos' lag of 40 ms
    chain.run(TAKES_S / 2 + 0.6)
    assert chain.apart().max() < 0.015
    assert chain.rack.ignored == 0
    assert chain.watch.report().violated == ()


@pytest.mark.parametrize('dies_s', [0.3, 0.9, 1.7])
def test_whose_sender_dies_comes_to_rest_within_the_limits_behind_controllers_that_know_the_end_of_the_motion(dies_s):
    chain = Chain(TRAJECTORIES)
    chain.run(dies_s)
    chain.run(2.5, alive=False)
    assert np.ptp(np.array(chain.measured[-50:]), axis=0).max() < 1e-3
    assert chain.watch.report().violated == ()
