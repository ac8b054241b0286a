"""Newest picture of every camera and newest joint state, as one observation or as the names of what is missing."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from vla_async.embodiment import Camera, Embodiment
from vla_async.errors import DataError, unknown
from vla_async.joint_order import JointReading
from vla_async.timebase import nanoseconds, seconds
from vla_async.types import ImageArray, Observation

JOINTS = 'joint_states'


@dataclass(frozen=True, slots=True)
class _Picture:
    stamp_ns: int
    pixels: ImageArray


class ObservationBuffer:
    """Latest-value slots; may be filled from one thread and read from another."""

    def __init__(self, robot: Embodiment, cameras: Iterable[str] | None = None, max_age_s: float = 0.5) -> None:
        known: dict[str, Camera] = {camera.name: camera for camera in robot.cameras}
        wanted = tuple(known if cameras is None else cameras)
        if absent := [name for name in wanted if name not in known]:
            raise unknown(f'camera of {robot.name}', absent[0], known)
        self._cameras = {name: known[name] for name in wanted}
        self._max_age_ns = nanoseconds(max_age_s)
        self._pictures: dict[str, _Picture] = {}
        self._joints: JointReading | None = None
        self._used_ns = dict.fromkeys(self._cameras, 0)
        self._lock = Lock()

    def add_picture(self, name: str, stamp_ns: int, pixels: ImageArray) -> None:
        """Keep the picture (height, width, 3) of a camera; raises DataError unless it has the camera's size."""
        camera = self._cameras[name]
        if pixels.shape != (camera.height, camera.width, 3):
            raise DataError(f'camera {name} sends {pixels.shape[1]}x{pixels.shape[0]}, '
                            f'the robot file says {camera.width}x{camera.height}')
        with self._lock:
            self._pictures[name] = _Picture(stamp_ns, pixels)

    def add_joints(self, reading: JointReading) -> None:
        """Keep a joint state."""
        with self._lock:
            self._joints = reading

    def missing(self, now_ns: int) -> tuple[str, ...]:
        """What is absent or too old at `now_ns`, with its age, camera topics first."""
        with self._lock:
            stamps = {f'camera {name}': self._stamp(name) for name in self._cameras}
            stamps[JOINTS] = None if self._joints is None else self._joints.stamp_ns
        return tuple(_describe(name, stamp, now_ns) for name, stamp in stamps.items()
                     if stamp is None or now_ns - stamp > self._max_age_ns)

    def all_new(self) -> bool:
        """Whether every camera has a picture that no observation has used yet."""
        with self._lock:
            return all((self._stamp(name) or 0) > used for name, used in self._used_ns.items())

    def observe(self, now_ns: int) -> Observation | None:
        """The newest observation, or None while something is missing."""
        missing = self.missing(now_ns)
        with self._lock:
            pictures, joints = dict(self._pictures), self._joints
            if missing or joints is None:
                return None
            self._used_ns = {name: picture.stamp_ns for name, picture in pictures.items()}
        return Observation(
            stamp_ns=min(picture.stamp_ns for picture in pictures.values()),
            images={name: picture.pixels for name, picture in pictures.items()},
            position=joints.position, velocity=joints.velocity)

    def _stamp(self, name: str) -> int | None:
        picture = self._pictures.get(name)
        return None if picture is None else picture.stamp_ns


def _describe(name: str, stamp_ns: int | None, now_ns: int) -> str:
    return f'{name} (never came)' if stamp_ns is None else f'{name} ({seconds(now_ns - stamp_ns):.1f} s old)'
