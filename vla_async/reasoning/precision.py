"""Which number format a torch device computes fastest in."""
from __future__ import annotations

from pathlib import Path

import torch


def best_dtype(device: str) -> torch.dtype:
    """bfloat16 on accelerators and on processors with native bfloat16 arithmetic, float32 elsewhere."""
    return torch.bfloat16 if not device.startswith('cpu') or _native_bfloat16() else torch.float32


def _native_bfloat16() -> bool:
    info = Path('/proc/cpuinfo')
    return info.is_file() and any(flag in info.read_text() for flag in ('amx_bf16', 'avx512_bf16'))
