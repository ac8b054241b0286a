"""The set-points that the recorder heard, read from the end of its bag after each run and judged by their stamps."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mcap.records import Channel, Message

from vla_async.bench.faults.stamps import StampReport, StampWatch
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.replay.bag import is_topic
from vla_async.replay.bag_files import bag_files
from vla_async.replay.bag_tail import tail
from vla_async.replay.set_points import SetPoint, read_set_point
from vla_async.timebase import NS_PER_S

COPIED_NS = 5 * NS_PER_S  # copies are younger, and clocks are set by more


def judged_by_stamps(bags: Sequence[Path], robot: Embodiment, since_ns: int, *, died: bool = False) -> StampReport:
    """Of the set-points that the recorder received from `since_ns` on; `died`: another bridge took over meanwhile."""
    watch = StampWatch(robot)
    times: list[int] = []
    points: list[SetPoint] = []
    newest_ns = 0
    for spoken, message in _messages(bags, since_ns, _speaking(robot)):
        newest_ns = message.log_time
        point = _set_point(message.data) if spoken else None
        if point is not None and point.position.size == robot.dof and not (points and _copied(point, points[-1])):
            times.append(newest_ns)
            points.append(point)
    reborn = int(np.argmax(np.diff(times))) + 1 if died and len(times) > 1 else 0  # after the longest silence
    for number, point in enumerate(points):
        watch.add(point, reborn=number == reborn)
    watch.end(newest_ns - times[-1] if times else 0)
    return watch.report()


def _speaking(robot: Embodiment) -> tuple[str, ...]:
    """Topics that say what all joints are told: the reserve's does not where some go on along a trajectory."""
    reserve = () if robot.streamed.any() else (topics.RESERVE_SET_POINT.name,)
    return (topics.JOINT_SET_POINT.name, *reserve)


def _messages(bags: Sequence[Path], since_ns: int, names: Sequence[str]) -> Iterator[tuple[bool, Message]]:
    """Whatever was recorded, and whether it is on one of the topics of these names."""
    for path in (path for bag in bags for path in bag_files(bag)):
        channels: set[int] = set()
        for record in tail(path, since_ns):
            if isinstance(record, Channel) and any(is_topic(record.topic, name) for name in names):
                channels.add(record.id)
            elif isinstance(record, Message):
                yield record.channel_id in channels, record


def _set_point(raw: bytes) -> SetPoint | None:
    try:
        return read_set_point(raw)
    except DataError:
        return None


def _copied(point: SetPoint, before: SetPoint) -> bool:
    """Whether a fault has made it of an original: it claims to have left the bridge before others that are there."""
    return 0 <= before.sent_ns - point.sent_ns < COPIED_NS
