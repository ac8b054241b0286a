"""Newest picture of every camera and newest joint state, as one observation or as the names of what is missing."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Camera, Embodiment
from vla_async.errors import DataError, unknown
from vla_async.joint_order import JointReading
from vla_async.still_picture import FrozenRules, StillPicture
from vla_async.timebase import nanoseconds, seconds
from vla_async.types import ImageArray, Observation

JOINTS = 'joint state'
FUTURE_S = 0.5  # a stamp further ahead than this tells of clocks that disagree


@dataclass(frozen=True)
class StreamRules:
    """When a stream counts as missing."""

    max_age_s: float = 0.5  # pictures and joint states older than this [s]
    frozen: FrozenRules = field(default_factory=FrozenRules)
    # by camera the joints that move it; cameras that are not named here are never taken for frozen
    carriers: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Picture:
    stamp_ns: int
    pixels: ImageArray


class ObservationBuffer:
    """Latest-value slots; may be filled from one thread and read from another."""

    def __init__(self, robot: Embodiment, cameras: Iterable[str] | None = None, rules: StreamRules | None = None
                 ) -> None:
        known: dict[str, Camera] = {camera.name: camera for camera in robot.cameras}
        wanted = tuple(known if cameras is None else cameras)
        if absent := [name for name in wanted if name not in known]:
            raise unknown(f'camera of {robot.name}', absent[0], known)
        self._robot, self._rules = robot, rules or StreamRules()
        self._cameras = {name: known[name] for name in wanted}
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Everything that was stamped so far has no age any more: the clock was set."""
        names, rules = self._robot.joint_names, self._rules
        with self._lock:
            self._pictures: dict[str, _Picture] = {}
            self._joints: JointReading | None = None
            self._used_ns: dict[str, int | None] = dict.fromkeys(self._cameras)
            self._still = {name: StillPicture(joints, names, rules.frozen)
                           for name, joints in rules.carriers.items() if name in self._cameras}

    def add_picture(self, name: str, stamp_ns: int, pixels: ImageArray) -> None:
        """Keep the picture (height, width, 3) of a camera; raises DataError unless it has the camera's size."""
        camera = self._cameras[name]
        if pixels.shape != (camera.height, camera.width, 3):
            raise DataError(f'camera {name} sends {pixels.shape[1]}x{pixels.shape[0]}, '
                            f'the robot file says {camera.width}x{camera.height}')
        with self._lock:
            self._pictures[name] = _Picture(stamp_ns, pixels)
            if name in self._still:
                self._still[name].see(stamp_ns, pixels, self._joints)

    def add_joints(self, reading: JointReading) -> None:
        """Keep a joint state."""
        with self._lock:
            self._joints = reading

    def missing(self, now_ns: int) -> tuple[str, ...]:
        """What is absent, too old, stamped in the future or frozen at `now_ns`, and by how much; cameras first."""
        with self._lock:
            faults = [(f'camera {name}', self._age_fault(self._stamp(name), now_ns) or self._frozen_fault(name))
                      for name in self._cameras]
            faults.append((JOINTS, self._age_fault(self._joints.stamp_ns if self._joints else None, now_ns)))
        return tuple(f'{stream} {fault}' for stream, fault in faults if fault)

    def of_one_instant(self, camera: str, spread_ns: int) -> bool:
        """Whether no camera's newest picture is stamped more than `spread_ns` before that of `camera`."""
        with self._lock:
            stamps = [self._stamp(name) for name in (camera, *self._cameras)]
        known = [stamp for stamp in stamps if stamp is not None]
        return len(known) == len(stamps) and min(known) >= known[0] - spread_ns

    def all_new(self) -> bool:
        """Whether every camera has a picture that no observation has used yet."""
        with self._lock:
            return all(self._stamp(name) not in (None, used) for name, used in self._used_ns.items())

    def any_new(self) -> bool:
        """Whether any camera has."""
        with self._lock:
            return any(self._stamp(name) not in (None, used) for name, used in self._used_ns.items())

    def observe(self, now_ns: int) -> Observation | None:
        """The newest observation, or None while something is missing."""
        missing = self.missing(now_ns)
        with self._lock:
            pictures, joints = dict(self._pictures), self._joints
            if missing or joints is None or len(pictures) < len(self._cameras):
                return None
            self._used_ns = {name: picture.stamp_ns for name, picture in pictures.items()}
        return Observation(
            stamp_ns=min(picture.stamp_ns for picture in pictures.values()),
            images={name: pictures[name].pixels for name in self._cameras},
            position=joints.position, velocity=joints.velocity, joints_ns=joints.stamp_ns,
            pictures_ns=tuple(pictures[name].stamp_ns for name in self._cameras))

    def _stamp(self, name: str) -> int | None:
        picture = self._pictures.get(name)
        return None if picture is None else picture.stamp_ns

    def _age_fault(self, stamp_ns: int | None, now_ns: int) -> str:
        if stamp_ns is None:
            return 'never came'
        age_ns = now_ns - stamp_ns
        if age_ns > nanoseconds(self._rules.max_age_s):
            return f'is {seconds(age_ns):.2f} s old'
        if age_ns < -nanoseconds(FUTURE_S):
            return f'is stamped {seconds(-age_ns):.2f} s in the future'
        return ''

    def _frozen_fault(self, name: str) -> str:
        return self._still[name].fault if name in self._still else ''
