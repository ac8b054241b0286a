"""An MCAP file with what a robot_state_publisher says, written without ROS: description and frames of a robot."""
from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import yaml
from mcap.well_known import SchemaEncoding
from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore

from vla_async.fusion.poses import rotation
from vla_async.replay.bag_writer import LIBRARY, METADATA
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

STORE = get_typestore(Stores.ROS2_JAZZY)
TEXT, TRANSFORMS = 'std_msgs/msg/String', 'tf2_msgs/msg/TFMessage'
Poses = Mapping[tuple[str, str], FloatArray]  # (N, 4, 4) from the second frame to the first
Row = list[tuple[str, str, list[float], list[float]]]  # parent, child, place [m], turn (w, x, y, z)


class SceneFile:
    """Written as it comes; `close` gives it its index."""

    def __init__(self, stream: IO[bytes], about: Mapping[str, str]) -> None:
        """`about`: whose scene it is, as bags say it."""
        self._writer = Writer(stream, compression=CompressionType.ZSTD)
        self._writer.start(profile='ros2', library=LIBRARY)
        self._writer.add_metadata(METADATA, dict(about))
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}

    def describe(self, topic: str, urdf: str, at_ns: int) -> None:
        """What the robot looks like, for whoever comes, however late."""
        self._write(topic, TEXT, STORE.types[TEXT](urdf), at_ns, latched=True)

    def hold(self, poses: Poses, at_ns: int) -> None:
        """Frames that stay as they are, each (1, 4, 4)."""
        self._write('/tf_static', TRANSFORMS, _message(_rows(poses)[0], at_ns), at_ns, latched=True)

    def move(self, poses: Poses, stamps_ns: list[int], received_ns: list[int]) -> None:
        """Frames at N moments."""
        for row, stamp_ns, at_ns in zip(_rows(poses), stamps_ns, received_ns, strict=True):
            self._write('/tf', TRANSFORMS, _message(row, stamp_ns), at_ns, latched=False)

    def close(self) -> None:
        self._writer.finish()

    def _write(self, topic: str, kind: str, message: Any, at_ns: int, *, latched: bool) -> None:
        if kind not in self._schemas:
            text, _ = STORE.generate_msgdef(kind, ros_version=2)
            self._schemas[kind] = self._writer.register_schema(kind, SchemaEncoding.ROS2, text.encode())
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(
                topic, 'cdr', self._schemas[kind], {'offered_qos_profiles': _qos(latched)})
        self._writer.add_message(self._channels[topic], at_ns, bytes(STORE.serialize_cdr(message, kind)), at_ns)


def _rows(poses: Poses) -> list[Row]:
    """By moment."""
    parts = [(parent, child, pose[:, :3, 3].tolist(), rotation.from_matrix(pose[:, :3, :3]).tolist())
             for (parent, child), pose in poses.items()]
    moments = max((len(places) for _, _, places, _ in parts), default=1)
    return [[(parent, child, places[i], turns[i]) for parent, child, places, turns in parts] for i in range(moments)]


def _message(row: Row, stamp_ns: int) -> Any:
    types = STORE.types
    stamp = types['builtin_interfaces/msg/Time'](stamp_ns // NS_PER_S, stamp_ns % NS_PER_S)
    header, vector, quaternion, transform, stamped = (types[name] for name in (
        'std_msgs/msg/Header', 'geometry_msgs/msg/Vector3', 'geometry_msgs/msg/Quaternion',
        'geometry_msgs/msg/Transform', 'geometry_msgs/msg/TransformStamped'))
    return types[TRANSFORMS]([
        stamped(header(stamp, parent), child, transform(vector(*place), quaternion(x, y, z, w)))
        for parent, child, place, (w, x, y, z) in row])


def _qos(latched: bool) -> str:
    """As rosbag2 notes it, so that playing offers it."""
    unset = {'sec': 0, 'nsec': 0}
    return yaml.safe_dump([{
        'history': 'keep_last', 'depth': 1 if latched else 100, 'reliability': 'reliable',
        'durability': 'transient_local' if latched else 'volatile', 'deadline': unset, 'lifespan': unset,
        'liveliness': 'system_default', 'liveliness_lease_duration': unset, 'avoid_ros_namespace_conventions': False,
    }], sort_keys=False)
