"""The MuJoCo model of a robot, built from its URDF: servos, cameras and contact filters are derived, not written twice.

A new robot needs its xacro and its YAML, no numbers here: servo gains follow from the inertia that each joint feels
at home, so that every joint answers with the same lag.
"""
from __future__ import annotations

import math
from itertools import combinations
from xml.dom.minidom import Document, Element

import mujoco
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.kinematics.tree import ancestors
from vla_async.types import FloatArray
from vla_async.urdf import expand

SERVO_FREQUENCY = 50.0  # undamped natural frequency of each servo [rad/s]; it lags 2 / 50 = 40 ms behind a ramp
ROTOR_INERTIA = 0.02  # felt at the joint, after the gear [kg m^2]; keeps light distal joints stable at 2 ms
VISUAL_GROUP, CONTACT_GROUP = 1, 3  # MuJoCo shows groups 0 to 2


def build_spec(robot: Embodiment) -> mujoco.MjSpec:
    """Robot alone, in the order of its URDF, one position servo per joint in the order of the embodiment.

    Cameras stand in the links `<camera>_camera_optical`. Raises ConfigError when joints or links are missing.
    """
    urdf = expand(robot)
    _check_names(robot, urdf)
    spec = mujoco.MjSpec.from_string(_with_compiler_options(urdf))
    spec.modelname = robot.name
    spec.option.timestep = 0.002
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    _separate_looks_from_contacts(spec)
    _add_cameras(spec, robot, urdf)
    _add_servos(spec, robot)
    _exclude_neighbours(spec, robot)
    return spec


def home_position(spec: mujoco.MjSpec, robot: Embodiment) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """Compiled model and its state with every joint at home, kinematics done."""
    model = spec.compile()
    data = mujoco.MjData(model)
    set_position(model, data, robot, robot.array('home'))
    mujoco.mj_forward(model, data)
    return model, data


def set_position(model: mujoco.MjModel, data: mujoco.MjData, robot: Embodiment, position: np.ndarray) -> None:
    """Put the joints at `position` (D,), and with them those that are coupled to one of them (fingers)."""
    for name, value in zip(robot.joint_names, position, strict=True):
        data.qpos[model.joint(name).qposadr[0]] = value
    for row in range(model.neq):
        if model.eq_type[row] == mujoco.mjtEq.mjEQ_JOINT:
            follower, leader = model.eq_obj1id[row], model.eq_obj2id[row]
            offset, slope = model.eq_data[row, :2]
            data.qpos[model.jnt_qposadr[follower]] = offset + slope * data.qpos[model.jnt_qposadr[leader]]


def joint_map(model: mujoco.MjModel, robot: Embodiment) -> tuple[FloatArray, FloatArray]:
    """Matrix (nq, D) and offset (nq,) from the robot's joints to all of the model's, coupled ones included."""
    data = mujoco.MjData(model)
    set_position(model, data, robot, np.zeros(robot.dof))
    offset = data.qpos.copy()
    columns = []
    for unit in np.eye(robot.dof):
        set_position(model, data, robot, unit)
        columns.append(data.qpos - offset)
    return np.stack(columns, axis=1), offset


def _check_names(robot: Embodiment, urdf: Document) -> None:
    hands_and_cameras = (*robot.hands.values(), *(f'{camera.name}_camera_optical' for camera in robot.cameras))
    for kind, wanted in (('joint', robot.joint_names), ('link', hands_and_cameras)):
        there = {element.getAttribute('name') for element in urdf.getElementsByTagName(kind)}
        for name in wanted:
            if name not in there:
                raise ConfigError(f'{robot.urdf}: {kind} {name!r}, named in the robot file of {robot.name}, is missing')


def _with_compiler_options(urdf: Document) -> str:
    """The URDF's text with MuJoCo told to keep what is only seen, and links that do not move."""
    options = urdf.createElement('compiler')
    options.setAttribute('discardvisual', 'false')
    options.setAttribute('fusestatic', 'false')
    extension = urdf.createElement('mujoco')
    extension.appendChild(options)
    urdf.getElementsByTagName('robot')[0].appendChild(extension)
    text: str = urdf.toxml()
    return text


def _separate_looks_from_contacts(spec: mujoco.MjSpec) -> None:
    """Contact shapes go to a group that is not shown; bodies float since the real servos compensate their weight."""
    for geom in spec.geoms:
        touches = bool(geom.contype)
        geom.group = CONTACT_GROUP if touches else VISUAL_GROUP
        if touches:
            geom.friction = np.array([0.8, 0.02, 0.001])
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0


def _add_cameras(spec: mujoco.MjSpec, robot: Embodiment, urdf: Document) -> None:
    for camera in robot.cameras:
        width_angle = _field_of_view(robot, urdf, camera.name)
        height_angle = 2 * math.atan(math.tan(width_angle / 2) * camera.height / camera.width)
        spec.body(f'{camera.name}_camera_optical').add_camera(
            name=camera.name, fovy=math.degrees(height_angle), resolution=[camera.width, camera.height],
            quat=[0, 1, 0, 0])  # MuJoCo looks along -z with y up, the optical frame along z with y down


def _field_of_view(robot: Embodiment, urdf: Document, camera: str) -> float:
    """Horizontal angle of a camera from its gazebo sensor [rad]."""
    for sensor in urdf.getElementsByTagName('sensor'):
        if sensor.getAttribute('name') == camera:
            angle: Element
            for angle in sensor.getElementsByTagName('horizontal_fov'):
                return float(angle.firstChild.data)  # type: ignore[union-attr]
    raise ConfigError(f'{robot.urdf}: camera {camera!r} has no gazebo sensor with a horizontal_fov')


def _add_servos(spec: mujoco.MjSpec, robot: Embodiment) -> None:
    """Critically damped position servos: kp = M w^2, kd = 2 M w, M the inertia that the joint feels at home."""
    for joint in spec.joints:
        joint.actgravcomp = True  # the servo carries it, within the effort that the URDF allows
        if joint.type == mujoco.mjtJoint.mjJNT_HINGE:
            joint.armature = ROTOR_INERTIA
    model, data = home_position(spec, robot)
    for joint in robot.joints:
        felt = _inertia(model, data, int(model.joint(joint.name).dofadr[0]))
        servo = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        servo.set_to_position(kp=felt * SERVO_FREQUENCY**2, kv=2 * felt * SERVO_FREQUENCY)
        servo.ctrlrange = np.array([joint.lower, joint.upper])
        servo.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE


def _inertia(model: mujoco.MjModel, data: mujoco.MjData, dof: int) -> float:
    """What must be accelerated to accelerate one degree of freedom alone, its entry of the mass matrix' diagonal."""
    unit, product = np.zeros(model.nv), np.zeros(model.nv)
    unit[dof] = 1.0
    mujoco.mj_mulM(model, data, product, unit)
    return float(product[dof])


def _exclude_neighbours(spec: mujoco.MjSpec, robot: Embodiment) -> None:
    """Parts within two joints of each other, or that overlap at home, never collide: their shapes interpenetrate."""
    model, data = home_position(spec, robot)
    overlapping = {frozenset(int(model.geom_bodyid[g]) for g in pair) for pair in data.contact.geom}
    solid = sorted({int(model.geom_bodyid[g]) for g in range(model.ngeom) if model.geom_contype[g]})
    for one, other in combinations(solid, 2):
        if _hops(model, one, other) <= 2 or frozenset((one, other)) in overlapping:
            spec.add_exclude(bodyname1=model.body(one).name, bodyname2=model.body(other).name)


def _hops(model: mujoco.MjModel, one: int, other: int) -> int:
    """Number of joints between two bodies along the tree."""
    above = ancestors(model, one)
    below = ancestors(model, other)
    return sum(int(model.body_dofnum[body]) for body in set(above) ^ set(below))
