"""What the two sides are trained on:  L = L_slow + 10 L_fast + L_where.

    L_slow   cross-entropy of the reasoning text given prompt and picture
    L_fast   || v(x_tau, tau | context) - (noise - action) ||^2; through the fused latent it trains the reasoner as well
    L_where  auxiliary, in training only: the first query attends to the target, and the target is located in space
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from vla_async.acting.expert import ActionExpert
from vla_async.acting.flow_matching import interpolate, sample_tau
from vla_async.acting.observation_encoder import Context, Inputs, Sight, Words
from vla_async.reasoning.fusion_queries import FusionQueries
from vla_async.reasoning.vision_language import VisionLanguage
from vla_async.training.batches import Batch, Sights

FAST_WEIGHT = 10.0
WHERE_WEIGHT = 1.0
SPACE_WEIGHT = 3.0
SPACE_UNIT_M = 0.1
FLOW_SAMPLES = 2  # (tau, noise) pairs per context: the context costs much more than the field
HEAT_SIGMA = 0.022  # width of the desired attention, share of the picture


class Student(nn.Module):
    """All parameters of both sides as one module, so that optimiser and averages see one list of names."""

    def __init__(self, vision_language: VisionLanguage, fusion: FusionQueries, expert: ActionExpert) -> None:
        super().__init__()
        self.vlm, self.fusion, self.expert = vision_language.model, fusion, expert
        self.vision_language = vision_language


@dataclass
class Losses:
    """Means over the batch; `total` is what is minimised."""

    total: torch.Tensor
    slow: torch.Tensor
    fast: torch.Tensor
    where: torch.Tensor
    space_m: torch.Tensor  # mean distance of the located to the true target [m]
    pixel: torch.Tensor  # mean distance of the attention's place to the true one, share of the picture

    def numbers(self) -> dict[str, float]:
        return {name: float(getattr(self, name).detach()) for name in self.__dataclass_fields__}


def compute(student: Student, batch: Batch, generator: torch.Generator) -> Losses:
    """All losses of one batch; `generator` draws noise and times."""
    slow, fused = slow_side(student, batch)
    encoder = student.expert.encoder
    context = encoder(Inputs(batch.images, batch.state, batch.age), encoder.read(expert_words(student, batch, fused)))
    fast = flow_loss(student.expert, context, batch.delta, generator)
    where, pixel = sight_loss(context.sight, batch.pixel)
    space, distance = space_loss(context.target, batch.target)
    total = slow + FAST_WEIGHT * fast + WHERE_WEIGHT * (where + SPACE_WEIGHT * space)
    return Losses(total, slow, fast, where, distance, pixel)


def look(student: Student, batch: Sights) -> tuple[torch.Tensor, dict[str, float]]:
    """The first stage's loss, L_where of the main camera alone; the target is located from its true place."""
    words = student.vision_language.token_embeddings(batch.instruction) * batch.instruction_mask[..., None]
    where, pixel = sight_loss(student.expert.encoder.sight(batch.image, words, batch.instruction_mask), batch.pixel)
    space, distance = space_loss(student.expert.encoder.locate(batch.pixel, batch.state), batch.target)
    numbers = {'where': where, 'pixel': pixel, 'space_m': distance}
    return where + SPACE_WEIGHT * space, {name: float(value.detach()) for name, value in numbers.items()}


def space_loss(found: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Huber loss of the located target (B, 3) [m], and the mean distance [m]."""
    loss = functional.smooth_l1_loss(found / SPACE_UNIT_M, target / SPACE_UNIT_M, beta=0.1)
    return loss, (found - target).norm(dim=-1).mean()


def slow_side(student: Student, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of the reasoning text and the fused latent (S, Q, W), in one pass over [prompt, queries, text].

    The text does not attend to the queries: at run time they are cut off before it is decoded.
    """
    model, queries = student.vision_language, student.fusion.count
    pixels = (batch.slow_image[:, None] - 0.5) / 0.5  # what the image processor of the folder does
    prefix = student.fusion.append(model.embed(batch.prompt, pixels))
    embeddings = torch.cat([prefix, model.token_embeddings(batch.answer).to(prefix.dtype)], dim=1)
    mask, places = _layout(batch, queries)
    bias = torch.zeros(mask.shape, dtype=embeddings.dtype).masked_fill(~mask, torch.finfo(embeddings.dtype).min)
    states = model.model.model.text_model(inputs_embeds=embeddings, attention_mask=bias.to(embeddings.device),
                                          position_ids=places, use_cache=False).last_hidden_state
    prompt = batch.prompt.shape[1]
    before = torch.cat([states[:, prompt - 1:prompt], states[:, prompt + queries:-1]], dim=1)
    logits = model.model.lm_head(before).float()
    slow = functional.cross_entropy(logits[batch.answer_mask], batch.answer[batch.answer_mask])
    return slow, student.fusion(states[:, prompt:prompt + queries])


def _layout(batch: Batch, queries: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Who attends to whom, (S, 1, L, L) bool, and rotary positions (S, L); the text stands where the queries stand."""
    count, prompt = batch.prompt.shape
    answer = batch.answer.shape[1]
    real = torch.cat([batch.prompt_mask, batch.prompt_mask.new_ones(count, queries), batch.answer_mask], dim=1)
    length = prompt + queries + answer
    mask = torch.ones(length, length, dtype=torch.bool, device=real.device).tril()
    mask[prompt + queries:, prompt:prompt + queries] = False
    mask = mask & real[:, None, :] | torch.eye(length, dtype=torch.bool, device=real.device)
    start = batch.prompt_mask.cumsum(1) - 1
    end = start[:, -1:] + 1
    places = torch.cat([start.clamp_min(0), end + torch.arange(queries, device=real.device),
                        end + torch.arange(answer, device=real.device)], dim=1)
    return mask[:, None], places


def expert_words(student: Student, batch: Batch, fused: torch.Tensor) -> Words:
    """Every fast sample gets its owner's instruction and latent, or no latent if the owner has none."""
    words = student.vision_language.token_embeddings(batch.instruction) * batch.instruction_mask[..., None]
    latents = torch.cat([fused, fused.new_zeros(len(words) - len(fused), *fused.shape[1:])])
    return Words(words[batch.owner], batch.instruction_mask[batch.owner], latents[batch.owner],
                 batch.owner < len(fused))


def flow_loss(expert: ActionExpert, context: Context, action: torch.Tensor, generator: torch.Generator
              ) -> torch.Tensor:
    """Mean squared error of the velocity over FLOW_SAMPLES draws per context; `action` (F, H, D) normalised."""
    pairs = [(k.repeat_interleave(FLOW_SAMPLES, 0), v.repeat_interleave(FLOW_SAMPLES, 0))
             for k, v in expert.field.condition(context)]
    action = action.repeat_interleave(FLOW_SAMPLES, 0)
    noise = torch.randn(action.shape, generator=generator).to(action.device)
    tau = sample_tau(len(action), generator).to(action.device)
    point, velocity = interpolate(action, noise, tau)
    return functional.mse_loss(expert.field(point, tau, pairs), velocity)


def sight_loss(sight: Sight, pixel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of the attention to a spot at `pixel` (F, 2), and the mean error of the place; seen ones only."""
    seen = ((pixel > 0) & (pixel < 1)).all(-1)
    height, width = sight.attention.shape[1:]
    y = (torch.arange(height, device=pixel.device) + 0.5) / height
    x = (torch.arange(width, device=pixel.device) + 0.5) / width
    square = (x[None, None] - pixel[:, 0, None, None]) ** 2 + (y[None, :, None] - pixel[:, 1, None, None]) ** 2
    spot = torch.exp(-square / (2 * HEAT_SIGMA ** 2))
    spot = spot / spot.sum((1, 2), keepdim=True).clamp_min(1e-6)
    entropy = -(spot * (sight.attention + 1e-8).log()).sum((1, 2))
    weight = seen.float() / seen.sum().clamp_min(1)
    return (entropy * weight).sum(), ((sight.pixel - pixel).norm(dim=-1) * weight).sum()
