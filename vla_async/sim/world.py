"""One robot before a table, in simulated time: set-points in, state out, and a judge who watches.

Knows nothing of ROS or of real time; not thread-safe, whoever shares it holds a lock.
"""
from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError, unknown
from vla_async.kinematics.robot_model import build_spec, set_position
from vla_async.sim import furniture, tasks
from vla_async.sim.scene import TABLES, Judge, Outcome, Scene
from vla_async.types import FloatArray

JUDGE_STEPS = 10  # the judge looks every 20 ms
FARTHEST = 2.0  # distances beyond are reported as this [m]


@dataclass(frozen=True, slots=True)
class WorldState:
    """What a picture needs of a world at one instant; a copy, so another thread may draw it."""

    model: mujoco.MjModel
    qpos: FloatArray  # (model.nq,)


class World:
    """Robot, table, and the objects of the present scene. All positions are in the world frame [m].

    The constructor resets with seed 0. `time_s` counts simulated seconds since the last reset.
    """

    scene: Scene
    model: mujoco.MjModel

    def __init__(self, robot: Embodiment, task: str) -> None:
        """Raises ConfigError for an unknown task, a robot without a table, and a bad URDF."""
        if robot.name not in TABLES:
            raise unknown('robot of the simulation', robot.name, TABLES)
        self.robot = robot
        self.task = task
        self._task = tasks.make(task)
        self._room = build_spec(robot)
        furniture.add_room(self._room, TABLES[robot.name])
        self._room.option.enableflags |= mujoco.mjtEnableBit.mjENBL_SLEEP  # what lies still: half of a step's time
        self._lower, self._upper = robot.array('lower'), robot.array('upper')
        self.timestep: float = self._room.option.timestep
        self.reset(0)

    def reset(self, seed: int, instruction: str | None = None) -> Scene:
        """A new episode: the scene follows from task and seed, the robot rests at home.

        Args:
            seed: of the scene, and of the instruction where none is given.
            instruction: what the episode is judged by; raises ConfigError where it fits nothing on the table.
        """
        scene = self._task.draw(np.random.default_rng(seed), seed, instruction, self.robot.name)
        spec = self._room.copy()
        for thing in scene.objects:
            furniture.add_thing(spec, thing)
        self.scene, self.model = scene, spec.compile()
        self._data = mujoco.MjData(self.model)
        self._index()
        home = self.robot.array('home')
        set_position(self.model, self._data, self.robot, home)
        self._data.ctrl[:] = home
        mujoco.mj_forward(self.model, self._data)
        self._steps = 0
        self._begin_judging()
        return scene

    def ask(self, instruction: str) -> None:
        """Judge by another instruction from now on, the scene as it is; raises ConfigError where it fits nothing."""
        seed = self.scene.seed
        self.scene = self._task.draw(np.random.default_rng(seed), seed, instruction, self.robot.name)
        self._begin_judging()

    def otherwise(self, rng: np.random.Generator) -> str:
        """An instruction for something else in the scene."""
        return self._task.ask_otherwise(self.scene, rng, self.robot.name)

    def step(self, command: FloatArray) -> None:
        """Advance by `timestep`; `command` (D,) are target positions [rad or m], clipped to the limits.

        Raises:
            DataError: the command has another shape or is not finite; the world has not moved.
        """
        if command.shape != self._lower.shape or not np.isfinite(command).all():
            raise DataError(f'a command is {self.robot.dof} finite positions, got {np.asarray(command).tolist()}')
        np.clip(command, self._lower, self._upper, out=self._data.ctrl)
        mujoco.mj_step(self.model, self._data)
        self._steps += 1
        if self._steps % JUDGE_STEPS == 0:
            self._outcome = self._judge.update(self)

    @property
    def time_s(self) -> float:
        """Simulated time since the reset [s]."""
        return float(self._data.time)

    def position(self) -> FloatArray:
        """Joint positions in the order of the embodiment, (D,) [rad or m]."""
        position: FloatArray = self._data.qpos[self._qpos]
        return position

    def set_point(self) -> FloatArray:
        """What the joints are told, in the order of the embodiment, (D,) [rad or m]."""
        set_point: FloatArray = self._data.ctrl.copy()
        return set_point

    def velocity(self) -> FloatArray:
        """Joint velocities in the order of the embodiment, (D,) [rad/s or m/s]."""
        velocity: FloatArray = self._data.qvel[self._dofs]
        return velocity

    def effort(self) -> FloatArray:
        """What the servos give in the order of the embodiment, (D,) [Nm or N]."""
        effort: FloatArray = self._data.qfrc_actuator[self._dofs]
        return effort

    def judge(self) -> Outcome:
        """How the episode stands, at most 20 ms old."""
        return self._outcome

    def snapshot(self) -> WorldState:
        """The present state, for a renderer."""
        return WorldState(self.model, self._data.qpos.copy())

    def hand_pose(self, hand: str) -> FloatArray:
        """Homogeneous transform (4, 4) from the hand's frame to the world; x points along the fingers."""
        return self.link_pose(self.robot.hands[hand])

    def link_pose(self, link: str) -> FloatArray:
        """Homogeneous transform (4, 4) from a link of the robot to the world."""
        body = self._data.body(link)
        pose = np.eye(4)
        pose[:3, :3] = body.xmat.reshape(3, 3)
        pose[:3, 3] = body.xpos
        return pose

    def object_position(self, name: str) -> FloatArray:
        """Centre of an object of the scene, (3,) [m]."""
        position: FloatArray = self._data.body(name).xpos.copy()
        return position

    def hand_distance(self, hand: str, name: str) -> float:
        """Distance between the surfaces of a hand (palm and fingers) and an object [m]; negative: they overlap."""
        thing = self._objects[name]
        return min(mujoco.mj_geomDistance(self.model, self._data, geom, thing, FARTHEST, None)
                   for geom in self._hand_geoms[hand])

    @property
    def touching(self) -> bool:
        """Whether the robot is in contact with anything but itself."""
        return bool((self._is_robot[self._data.contact.geom].sum(axis=1) == 1).any())

    def touched(self) -> set[str]:
        """Names of the objects that the robot is in contact with."""
        pairs = self._data.contact.geom  # (contacts, 2)
        partners = set(pairs[:, ::-1][self._is_robot[pairs]].tolist())
        return {name for name, geom in self._objects.items() if geom in partners}

    def project(self, camera: str, point: FloatArray) -> tuple[float, float, float]:
        """Column and row [px] of a point (3,) in a camera's picture, and its depth [m]; behind it when not positive."""
        view = self._data.camera(camera)
        right, down, back = view.xmat.reshape(3, 3).T @ (np.asarray(point) - view.xpos) * (1.0, -1.0, 1.0)
        width, height = self.model.cam_resolution[view.id]
        focal = height / 2 / np.tan(np.radians(self.model.cam_fovy[view.id]) / 2)  # [px]
        return float(width / 2 - focal * right / back), float(height / 2 - focal * down / back), float(-back)

    def _begin_judging(self) -> None:
        self._judge: Judge = self._task.judge(self.scene)
        self._outcome = self._judge.update(self)

    def _index(self) -> None:
        """Addresses of joints and shapes in the present model."""
        model, names = self.model, self.robot.joint_names
        self._qpos = np.array([model.joint(name).qposadr[0] for name in names])
        self._dofs = np.array([model.joint(name).dofadr[0] for name in names])
        self._objects = {thing.name: int(model.geom(thing.name).id) for thing in self.scene.objects}
        self._hand_geoms = {hand: self._below_palm(link) for hand, link in self.robot.hands.items()}
        moving = model.body_weldid[model.geom_bodyid] != 0
        self._is_robot = moving & ~np.isin(np.arange(model.ngeom), list(self._objects.values()))

    def _below_palm(self, link: str) -> list[int]:
        """Contact shapes of the body that carries a hand's frame, and of all that hangs on it."""
        palm = int(self.model.body(link).parentid[0])
        carried = {palm}
        for body in range(palm + 1, self.model.nbody):
            if int(self.model.body_parentid[body]) in carried:
                carried.add(body)
        return [geom for geom in range(self.model.ngeom)
                if int(self.model.geom_bodyid[geom]) in carried and self.model.geom_contype[geom]]
