from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vla_async.acting.compiled import CompiledExpert
from vla_async.acting.expert import ActionExpert
from vla_async.acting.observation_encoder import Inputs, Words
from vla_async.acting.policy_spec import PolicySpec

STEPS = 3


@pytest.fixture
def make(folder: Path) -> Callable[[int], tuple[Words, Inputs]]:
    spec = PolicySpec.load(folder)
    shape, joints = spec.expert, len(spec.joints)

    def arguments(seed: int) -> tuple[Words, Inputs]:
        rng = torch.Generator().manual_seed(seed)
        words = Words(
            instruction=torch.randn(1, shape.tokens, shape.language, generator=rng),
            instruction_mask=torch.arange(shape.tokens)[None] < 1 + seed,
            fusion=torch.randn(1, shape.fusion_queries, shape.fusion_width, generator=rng),
            fusion_present=torch.tensor([seed % 2 == 0]))
        return words, Inputs(
            images={c: torch.randint(0, 256, (*size, 3), dtype=torch.uint8, generator=rng)
                    for c, size in spec.cameras.items()},
            state=torch.randn(1, 2 * joints, generator=rng), latent_age=torch.tensor([0.1 * seed]))
    return arguments


# of the largest action: libraries sum in the order that suits a processor, and where its memory lies
@pytest.mark.parametrize(('dtype', 'share'), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
@torch.inference_mode()
def test_it_gives_what_the_layers_give_one_by_one(
        folder: Path, make: Callable[[int], tuple[Words, Inputs]], dtype: torch.dtype, share: float) -> None:
    spec = PolicySpec.load(folder)
    loaded = ActionExpert.load(folder, spec)
    torch.nn.init.normal_(loaded.field.action_out.weight, generator=torch.Generator().manual_seed(0))
    expert = loaded.for_inference('cpu', dtype)
    noise = torch.randn(1, spec.horizon, len(spec.joints), generator=torch.Generator().manual_seed(9))
    compiled = CompiledExpert(copy.deepcopy(expert), STEPS, *make(0), noise)
    for seed in range(1, 6):  # masks, latents present and absent, ages that the example did not have
        words, inputs = make(seed)
        pictures = {c: (image.to(dtype) / 255)[None].permute(0, 3, 1, 2) for c, image in inputs.images.items()}
        reading = expert.encoder.read(words)
        one_by_one = expert.chunk(Inputs(pictures, inputs.state, inputs.latent_age), reading, noise, STEPS)[0].double()
        largest = float(one_by_one.abs().max())
        assert largest > 0
        chunk = compiled.chunk(inputs, compiled.read(words), noise)
        torch.testing.assert_close(chunk, one_by_one, rtol=0, atol=share * largest)
