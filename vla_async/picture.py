"""Pictures as messages and bags carry them: rows of bytes that may say anything of themselves."""
from __future__ import annotations

from typing import Any

import numpy as np

from vla_async.errors import DataError
from vla_async.types import ImageArray

MAX_SIDE = 16_384  # [px]


def pixels(message: Any) -> ImageArray:
    """Picture (height, width, 3) RGB of a sensor_msgs/Image; a view of its bytes.

    Raises DataError for other encodings, for sizes that do not fit its bytes, and for a picture without any.
    """
    height, width, step = message.height, message.width, message.step
    if message.encoding not in ('rgb8', 'bgr8'):
        raise DataError(f'picture with encoding {message.encoding[:40]!r}; needed: rgb8 or bgr8')
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise DataError(f'picture of {width}x{height}; needed: 1 to {MAX_SIDE} a side')
    data = np.frombuffer(message.data, dtype=np.uint8)
    if step < 3 * width or data.size != height * step:
        raise DataError(f'picture of {width}x{height} with step {step} has {data.size} bytes')
    picture = data.reshape(height, step)[:, :3 * width].reshape(height, width, 3)
    return picture[:, :, ::-1] if message.encoding == 'bgr8' else picture
