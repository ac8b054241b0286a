"""Learnable fusion queries: the slow model's understanding in a few vectors, without generating a token.

    z = Linear(LayerNorm(h_L[prefix + queries]))            (Q, W)

The queries are appended to the prompt as input embeddings. Attention is causal, so they read the whole prompt and the
prompt does not read them; the reasoning text is decoded afterwards from the prompt's part of the key-value cache alone.
"""
from __future__ import annotations

import torch
from torch import nn


class FusionQueries(nn.Module):
    """`queries` learned vectors of the language model's width `hidden`, read out at latent width `width`."""

    def __init__(self, hidden: int, queries: int, width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, hidden) * 0.02)
        self.norm = nn.LayerNorm(hidden)
        self.readout = nn.Linear(hidden, width)

    @property
    def count(self) -> int:
        return self.queries.shape[0]

    def append(self, prefix: torch.Tensor) -> torch.Tensor:
        """(B, S, hidden) prompt embeddings to (B, S + Q, hidden)."""
        queries = self.queries.to(prefix.dtype).expand(prefix.shape[0], -1, -1)
        return torch.cat([prefix, queries], dim=1)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Final-layer states of the query positions (B, Q, hidden) to the fused latent (B, Q, width)."""
        return self.readout(self.norm(states))
