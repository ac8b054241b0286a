"""Whether a computation in float64 has parts that are coarser."""
from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

COARSE = {torch.float32, torch.bfloat16, torch.float16}


class Casts(TorchDispatchMode):
    """Notes the shape of each tensor of float64 that meets, or is made into, a coarser one."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[int, ...]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)]
        fine = [tensor for tensor in tree_leaves((args, kwargs)) if getattr(tensor, 'dtype', None) == torch.float64]
        if fine and any(tensor.dtype in COARSE for tensor in tensors):
            self.found.append((str(func), tuple(fine[0].shape)))
        return result
