"""Pictures as messages and bags carry them: rows of bytes that may say anything of themselves."""
from __future__ import annotations

import io
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


def decoded(compressed: bytes) -> ImageArray:
    """Picture (height, width, 3) RGB of a JPEG or PNG file; raises DataError for what is none."""
    from PIL import Image  # here: most pictures come as they are
    try:
        with Image.open(io.BytesIO(compressed), formats=('JPEG', 'PNG')) as picture:
            if max(picture.size) > MAX_SIDE:
                raise DataError(f'compressed picture of {picture.size}; needed: at most {MAX_SIDE} a side')
            return np.array(picture.convert('RGB'))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: a broken PNG
        raise DataError(f'compressed picture: {error}') from error
