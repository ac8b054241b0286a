"""The set-points that the recorder heard, read from the end of its bag after each run and judged by their stamps."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcap.records import Channel, Message

from vla_async.bench.faults.stamps import StampReport, StampWatch
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.replay.bag import is_topic
from vla_async.replay.bag_files import bag_files
from vla_async.replay.bag_tail import tail
from vla_async.replay.set_points import SetPoint, read_set_point


def judged_by_stamps(bags: Sequence[Path], robot: Embodiment, since_ns: int) -> StampReport:
    """Of the set-points that the recorder received from `since_ns` on."""
    watch, seen = StampWatch(robot), {0}
    heard_ns = newest_ns = 0
    for spoken, message in _messages(bags, since_ns):
        newest_ns = message.log_time
        point = _genuine(message.data, robot.dof, seen) if spoken else None
        if point is not None:
            heard_ns = newest_ns
            watch.add(point)
    watch.end(newest_ns - heard_ns)
    return watch.report()


def _messages(bags: Sequence[Path], since_ns: int) -> Iterator[tuple[bool, Message]]:
    """Whatever was recorded, and whether it is a set-point."""
    for path in (path for bag in bags for path in bag_files(bag)):
        channels: set[int] = set()
        for record in tail(path, since_ns):
            if isinstance(record, Channel) and is_topic(record.topic, topics.JOINT_SET_POINT.name):
                channels.add(record.id)
            elif isinstance(record, Message):
                yield record.channel_id in channels, record


def _genuine(raw: bytes, dof: int, seen: set[int]) -> SetPoint | None:
    """A set-point, unless it is a copy that a fault has made: that claims to have left the bridge with the original."""
    try:
        point = read_set_point(raw)
    except DataError:
        return None
    if point.sent_ns in seen or point.position.size != dof:
        return None
    seen.add(point.sent_ns)
    return point
