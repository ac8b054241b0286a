"""An episode as a film of two cameras side by side, from the pictures of a bag."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from rosbags.highlevel import AnyReader

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.picture import pixels
from vla_async.replay.bag import has_topic, messages, stamp_of
from vla_async.replay.trace import EpisodeTrace
from vla_async.timebase import NS_PER_S
from vla_async.types import ImageArray

SPECTATOR = 'camera/spectator/image_raw'  # a simulation has this one as well; a robot does not
RATE_HZ = 15
HEIGHT = 360  # [px]
MAX_WIDTH = 10 * HEIGHT


def write_video(path: Path, reader: AnyReader, robot: Embodiment, trace: EpisodeTrace) -> Path | None:
    """MP4 (H.264) of the episode at RATE_HZ; None when the bag has no picture of it."""
    topics = _two_cameras(reader, robot)
    if not topics:
        return None
    frames = _frames(reader, topics, trace.start_ns, trace.end_ns)
    first = next(frames, None)
    if first is None:
        return None
    with av.open(str(path), 'w') as film:
        stream = film.add_stream('libx264', rate=RATE_HZ, options={'crf': '23', 'preset': 'veryfast'})
        stream.height, stream.width, _ = first.shape
        stream.pix_fmt, stream.time_base, stream.thread_count = 'yuv420p', Fraction(1, RATE_HZ), 1
        for frame in _then(first, frames):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
        film.mux(stream.encode())
    return path


def _two_cameras(reader: AnyReader, robot: Embodiment) -> list[str]:
    candidates = (SPECTATOR, *(camera.topic for camera in robot.cameras))
    return [topic for topic in candidates if has_topic(reader, topic)][:2]


def _frames(reader: AnyReader, topics: list[str], start_ns: int, end_ns: int) -> Iterator[ImageArray]:
    """Newest pictures of all topics side by side, on an even grid from the first instant that has them all."""
    newest: dict[str, ImageArray] = {}
    due_ns = start_ns
    for received in messages(reader, *topics):
        stamp_ns = stamp_of(received.message)
        if stamp_ns < start_ns:
            continue
        if stamp_ns > end_ns:
            return
        while len(newest) == len(topics) and due_ns < stamp_ns:
            yield side_by_side([newest[topic] for topic in topics])
            due_ns += NS_PER_S // RATE_HZ
        newest[received.topic] = pixels(received.message)


def side_by_side(pictures: list[ImageArray]) -> ImageArray:
    """Pictures brought to HEIGHT rows and even widths, joined from left to right."""
    return np.concatenate([_scaled(picture) for picture in pictures], axis=1)


def _scaled(picture: ImageArray) -> ImageArray:
    width = round(picture.shape[1] * HEIGHT / picture.shape[0] / 2) * 2
    if not 2 <= width <= MAX_WIDTH:
        raise DataError(f'a picture of {picture.shape[1]}x{picture.shape[0]} is too narrow or too wide for a film')
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format='rgb24')
    return frame.reformat(width=width, height=HEIGHT, interpolation='BICUBIC').to_ndarray()


def _then(first: ImageArray, rest: Iterator[ImageArray]) -> Iterator[ImageArray]:
    yield first
    yield from rest
