"""H.264 files of many episodes: write frames one after another, read any stretch by frame number."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from vla_async.errors import DataError
from vla_async.types import ImageArray

# A key frame every second frame, as LeRobot has it: training reads single frames at random.
ENCODER = {'crf': '18', 'preset': 'superfast', 'g': '2', 'bf': '0'}


class VideoWriter:
    """One mp4 file; frame k is shown at k / fps."""

    def __init__(self, path: Path, fps: int, shape: Sequence[int]) -> None:
        """`shape` is the frames' (height, width, 3)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), 'w')
        self._stream = self._container.add_stream('libx264', rate=fps, options=ENCODER)
        self._stream.height, self._stream.width, self._stream.pix_fmt = shape[0], shape[1], 'yuv420p'
        self._stream.thread_count = 1
        self._step = Fraction(1, fps)  # [s]
        self._stream.codec_context.time_base = self._step
        self.length = 0  # frames written

    def write(self, frames: ImageArray) -> None:
        """Append (n, height, width, 3) RGB frames."""
        for image in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
            frame.pts, frame.time_base = self.length, self._step
            self._container.mux(self._stream.encode(frame))
            self.length += 1

    def close(self) -> None:
        """Write what the encoder still holds and finish the file."""
        self._container.mux(self._stream.encode())
        self._container.close()


def read(path: Path, start: int, count: int, fps: int, shape: Sequence[int]) -> ImageArray:
    """Frames start .. start+count-1 of a file as (count, height, width, 3) RGB.

    Raises DataError when it is shorter, or its frames are not of the `shape` (height, width, 3).
    """
    try:
        frames = list(islice(_decoded(path, start, fps, shape), count))
    except (av.FFmpegError, LookupError, TypeError, OverflowError) as error:  # no file, no video in it, no such time
        raise DataError(f'{path}: not a readable video: {error}') from error
    if len(frames) < count:
        raise DataError(f'{path}: holds no frames {start} to {start + count - 1}')
    return np.stack(frames)


def _decoded(path: Path, start: int, fps: int, shape: Sequence[int]) -> Iterator[ImageArray]:
    """Frames from `start` on; their size is known before one is decoded."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if [stream.height, stream.width, 3] != list(shape):
            raise DataError(f'{path}: its frames are {stream.width}x{stream.height}, not {shape[1]}x{shape[0]}')
        stream.thread_type = 'NONE'
        container.seek(round(Fraction(start, fps) / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if round(frame.pts * stream.time_base * fps) >= start:
                yield frame.to_ndarray(format='rgb24')
