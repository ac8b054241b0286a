"""Latent <-> message: two half-precision tensors as little-endian bytes."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vla_async_msgs import msg

from vla_async.errors import DataError
from vla_async.nodes.conversions import to_array, to_ns, to_time
from vla_async.types import Latent

MAX_BYTES = 4 * 2**20  # of a tensor; 64 queries of a large model take an eighth of it
MAX_TEXT = 4096  # characters of instruction, model and reasoning
ITEM_SIZES = {'float16': 2, 'bfloat16': 2, 'float32': 4}


def latent_message(latent: Latent) -> msg.Latent:
    """Latent as a message; no fusion tensor becomes an empty one."""
    message = msg.Latent(sequence=latent.sequence, task_id=latent.task_id, instruction=latent.instruction,
                         model_id=latent.model_id, ready=to_time(latent.ready_ns), complete=latent.complete,
                         dtype='float16', reasoning=latent.reasoning)
    message.header.stamp = to_time(latent.stamp_ns)
    message.instruction_shape, message.instruction_embedding = _pack(latent.instruction_embedding)
    if latent.fusion is not None:
        message.fusion_shape, message.fusion = _pack(latent.fusion)
    return message


def latent_value(message: msg.Latent) -> Latent:
    """Latent of a message; raises DataError when bytes and shapes disagree, or are more than a latent has."""
    where = f'latent {message.sequence} of {message.model_id[:40] or "a nameless model"}'
    for name in ('instruction', 'model_id', 'reasoning'):
        if len(getattr(message, name)) > MAX_TEXT:
            raise DataError(f'{where}: {name} is longer than {MAX_TEXT} characters')
    embedding = _unpack(message.instruction_embedding, message.instruction_shape, message.dtype,
                        f'{where}: instruction embedding')
    fusion = _unpack(message.fusion, message.fusion_shape, message.dtype, f'{where}: fusion')
    return Latent(
        stamp_ns=to_ns(message.header.stamp), ready_ns=to_ns(message.ready), sequence=message.sequence,
        task_id=message.task_id, instruction=message.instruction, model_id=message.model_id,
        instruction_embedding=embedding, fusion=fusion if fusion.size else None, complete=message.complete,
        reasoning=message.reasoning)


def _pack(tensor: NDArray[np.float16]) -> tuple[NDArray[np.uint32], object]:
    half = np.ascontiguousarray(tensor, dtype='<f2')
    return np.array(half.shape, dtype=np.uint32), to_array(half.reshape(-1).view(np.uint8))


def _unpack(data: object, shape: NDArray[np.uint32], dtype: str, where: str) -> NDArray[np.float16]:
    if dtype not in ITEM_SIZES:
        raise DataError(f'{where}: dtype {dtype[:40]!r}; valid: {", ".join(ITEM_SIZES)}')
    raw = np.frombuffer(data, dtype=np.uint8)  # type: ignore[call-overload]
    rows, width = (int(n) for n in shape)
    if raw.size > MAX_BYTES:
        raise DataError(f'{where}: {raw.size} bytes, at most {MAX_BYTES} are read')
    if raw.size != rows * width * ITEM_SIZES[dtype]:
        raise DataError(f'{where}: {raw.size} bytes for {rows}x{width} of {dtype}')
    with np.errstate(over='ignore'):  # becomes infinite, which whoever judges latents refuses
        return _floats(raw, dtype).astype(np.float16).reshape(rows, width)


def _floats(raw: NDArray[np.uint8], dtype: str) -> NDArray[np.floating]:
    if dtype == 'bfloat16':  # the upper half of a float32
        return (raw.view('<u2').astype(np.uint32) << 16).view(np.float32)
    return raw.view('<f2' if dtype == 'float16' else '<f4')
