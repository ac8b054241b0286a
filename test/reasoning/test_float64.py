"""In float64 no part of the model is computed in anything less."""
from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch
from casts import Casts

from vla_async.reasoning.reasoner import Reasoner
from vla_async.types import Observation, Task

TASK = Task(3, 0, 'touch the red cube with your left hand')


def latent(reasoner: Reasoner, observation: Observation) -> np.ndarray:
    fusion = next(reasoner.reason(observation, TASK, 7, itertools.count(100).__next__)).fusion
    assert fusion is not None
    return fusion


def test_only_the_latent_itself_is_rounded(folder: Path, observation: Observation) -> None:
    reasoner = Reasoner.load(folder, dtype=torch.float64)
    with Casts() as casts:
        latent(reasoner, observation)
    assert [shape[1] for _, shape in casts.found] == [64, 64], casts.found  # its fused part and its instruction


def test_it_is_the_same_model(folder: Path, observation: Observation) -> None:
    single, double = (latent(Reasoner.load(folder, dtype=dtype), observation)
                      for dtype in (torch.float32, torch.float64))
    np.testing.assert_allclose(double, single, rtol=0.0, atol=2e-3)
