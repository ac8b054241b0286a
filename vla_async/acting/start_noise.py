"""The noise that flow matching begins with: drawn from a seed, the same in every precision.

    Box-Muller: n_1 = r cos a, n_2 = r sin a, r = sqrt(-2 ln(1 - u_1)), a = 2 pi u_2, for even u_1, u_2 in 0..1

torch.randn draws the same u on every processor, but computes r and a in float32 with functions that differ from one to
another in the last bits. In float64 the same u are taken through the same formula here, in torch's order.
"""
from __future__ import annotations

import math

import torch

BLOCK = 16  # torch makes so many numbers at a time, the first half of cosines, the second half of sines


def start_noise(shape: tuple[int, ...], seed: int, dtype: torch.dtype) -> torch.Tensor:
    """Normal noise of `shape` in float32 or float64."""
    generator = torch.Generator().manual_seed(seed)
    if dtype == torch.float64 and math.prod(shape) >= BLOCK:
        return _in_float64(math.prod(shape), generator).reshape(shape)
    return torch.randn(shape, generator=generator).to(dtype)  # fewer numbers torch itself computes in float64


def _in_float64(count: int, generator: torch.Generator) -> torch.Tensor:
    """What torch.randn(count) would be without rounding; the last block is drawn anew where it is not whole."""
    even = torch.rand(count, generator=generator)
    noise = torch.empty(count, dtype=torch.float64)
    whole = count // BLOCK * BLOCK
    noise[:whole] = _box_muller(even[:whole])
    if count > whole:
        noise[-BLOCK:] = _box_muller(torch.rand(BLOCK, generator=generator))
    return noise


def _box_muller(even: torch.Tensor) -> torch.Tensor:
    """Even numbers (N * BLOCK,) to normal ones."""
    first, second = even.double().view(-1, BLOCK).chunk(2, dim=1)
    radius, angle = (-2.0 * torch.log(1.0 - first)).sqrt(), 2.0 * math.pi * second
    return torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1).flatten()
