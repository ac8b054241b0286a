"""Flow matching: noise to actions along straight lines. https://arxiv.org/abs/2410.24164 (pi0)

THE time convention of this package, stated here only: tau = 1 is noise, tau = 0 is the action.

    x_tau = tau * noise + (1 - tau) * action        u = d x_tau / d tau = noise - action
"""
from __future__ import annotations

from collections.abc import Callable

import torch


def interpolate(action: torch.Tensor, noise: torch.Tensor, tau: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Point x_tau on the line and its velocity u; `action`, `noise` (B, H, D), `tau` (B,) in 0..1."""
    t = tau[:, None, None]
    return t * noise + (1 - t) * action, noise - action


def sample_tau(count: int, generator: torch.Generator) -> torch.Tensor:
    """Training times (count,): Beta(1.5, 1) scaled to 0.001..1, which favours noise. Inverse CDF: u^(1 / 1.5)."""
    return torch.rand(count, generator=generator) ** (1 / 1.5) * 0.999 + 0.001


def integrate(velocity: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], noise: torch.Tensor, steps: int
              ) -> torch.Tensor:
    """Euler from tau = 1 to 0 in `steps` equal steps; `velocity(x (B, H, D), tau (1,))` gives u (B, H, D)."""
    x = noise
    for step in range(steps):
        # one for all, whose embedding a compiler folds
        tau = torch.tensor([1 - step / steps], device=x.device, dtype=x.dtype)
        x = x - velocity(x, tau) / steps
    return x
