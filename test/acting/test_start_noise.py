from __future__ import annotations

import pytest
import torch

from vla_async.acting.start_noise import start_noise


@pytest.mark.parametrize('shape', [(1, 32, 25), (1, 1, 16), (1, 8, 11), (1, 1, 17), (1, 2, 3)])
def test_both_precisions_draw_the_same(shape: tuple[int, ...]) -> None:
    single, double = (start_noise(shape, 7, dtype) for dtype in (torch.float32, torch.float64))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert torch.equal(single, torch.randn(shape, generator=torch.Generator().manual_seed(7)))
    torch.testing.assert_close(double, single.double(), rtol=0.0, atol=1e-5)
