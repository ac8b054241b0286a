"""The slow side: picture and instruction to latents. It owns no thread, no clock and no topic."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import DynamicCache

from vla_async.errors import CheckpointError, DataError
from vla_async.reasoning.fusion_queries import FusionQueries
from vla_async.reasoning.precision import best_dtype
from vla_async.reasoning.vision_language import VisionLanguage
from vla_async.types import Latent, Observation, Task

FUSION_FILE = 'fusion_queries.safetensors'
FOLDER = 'reasoner'
CAMERA = 'head'  # the picture that is read; the wrists' serve the fast side only
MAX_ANSWER_TOKENS = 20


class Reasoner:
    """A SmolVLM-family model and its fusion queries.

    `reason` yields twice: the fused latent right after the one prefill (`complete` False), and once more with the
    reasoning text (`complete` True). A plain model folder without trained fusion queries is loaded too: its latents
    carry instruction and reasoning only (`fusion` None).
    """

    def __init__(self, model: VisionLanguage, fusion: FusionQueries | None, model_id: str, camera: str = CAMERA
                 ) -> None:
        self._vl, self._fusion, self.model_id, self.camera = model, fusion, model_id, camera
        self._device = next(model.model.parameters()).device

    @classmethod
    def load(cls, folder: str | Path, device: str = 'cpu', dtype: torch.dtype | None = None, camera: str = CAMERA
             ) -> Reasoner:
        """From a policy folder (with `reasoner/` inside) or a plain SmolVLM-family folder.

        `dtype` None takes bfloat16 where the processor computes in it natively, else float32; `camera` is the one whose
        picture is read. Raises CheckpointError that names what is missing or does not fit.
        """
        root = Path(folder)
        dtype = dtype or best_dtype(device)
        inside = root / FOLDER if (root / FOLDER).is_dir() else root
        model = VisionLanguage.load(inside, dtype)
        fusion = load_fusion(root / FUSION_FILE, model.width) if (root / FUSION_FILE).is_file() else None
        model.model.eval().requires_grad_(False).to(device)
        if fusion is not None:
            fusion.eval().requires_grad_(False).to(device=device, dtype=dtype)
        return cls(model, fusion, root.resolve().name, camera)

    def instruction_latent(self, task: Task, now_ns: int, sequence: int) -> Latent:
        """The instruction alone, at once: what the fast side needs to turn to a new task before the scene is read."""
        return self._latent(task, now_ns, now_ns, sequence, None, complete=False)

    def reason(self, observation: Observation, task: Task, sequence: int, clock: Callable[[], int]) -> Iterator[Latent]:
        """Latents of one observation, with sequence numbers `sequence` (fused) and `sequence + 1` (with reasoning).

        `clock` gives the time [ns] for `ready_ns`. Raises DataError when the camera's picture is missing or malformed.
        """
        embeddings = self._prompt(observation, task)
        cache, fused, logits = self._prefill(embeddings)
        yield self._latent(task, observation.stamp_ns, clock(), sequence, fused, complete=False)
        text = self._decode(cache, logits, embeddings.shape[1])
        yield self._latent(task, observation.stamp_ns, clock(), sequence + 1, fused, complete=True, reasoning=text)

    @torch.inference_mode()
    def _prompt(self, observation: Observation, task: Task) -> torch.Tensor:
        image = observation.images.get(self.camera)
        if image is None:
            raise DataError(f'the observation has no camera {self.camera!r}, which the reasoner reads; '
                            f'it has {", ".join(sorted(observation.images)) or "none"}')
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise DataError(f'camera {self.camera}: expected (height, width, 3) uint8, got {image.shape} {image.dtype}')
        pixels, rows, columns = self._vl.pixels(image)
        ids = torch.from_numpy(self._vl.prompts.prefix(task.instruction, rows, columns))[None].to(self._device)
        return self._vl.embed(ids, pixels.to(self._device, self._vl.model.dtype))

    @torch.inference_mode()
    def _prefill(self, prefix: torch.Tensor) -> tuple[DynamicCache, NDArray[np.float16] | None, torch.Tensor]:
        """One pass over prompt and queries; the cache is cut back to the prompt, logits (V,) follow its last token."""
        length = prefix.shape[1]
        inputs = prefix if self._fusion is None else self._fusion.append(prefix)
        cache = DynamicCache(config=self._vl.model.config.text_config)
        states = self._vl.model.model.text_model(
            inputs_embeds=inputs, past_key_values=cache, use_cache=True).last_hidden_state
        logits = self._vl.model.lm_head(states[0, length - 1])
        if self._fusion is None:
            return cache, None, logits
        cache.crop(-self._fusion.count)
        return cache, _half(self._fusion(states[:, length:])[0]), logits

    @torch.inference_mode()
    def _decode(self, cache: DynamicCache, logits: torch.Tensor, position: int) -> str:
        """Greedy continuation of the prompt, at most MAX_ANSWER_TOKENS tokens."""
        ids: list[int] = []
        while len(ids) < MAX_ANSWER_TOKENS:
            ids.append(int(logits.argmax()))
            if ids[-1] == self._vl.prompts.end_id:
                break
            token = self._vl.token_embeddings(torch.tensor([[ids[-1]]], device=self._device))
            where = torch.tensor([[position + len(ids) - 1]], device=self._device)
            states = self._vl.model.model.text_model(
                inputs_embeds=token, position_ids=where, past_key_values=cache, use_cache=True).last_hidden_state
            logits = self._vl.model.lm_head(states[0, -1])
        return self._vl.prompts.decode(ids)

    @torch.inference_mode()
    def _latent(self, task: Task, stamp_ns: int, ready_ns: int, sequence: int, fusion: NDArray[np.float16] | None,
                complete: bool, reasoning: str = '') -> Latent:
        ids = torch.tensor(self._vl.prompts.instruction(task.instruction), dtype=torch.long, device=self._device)
        return Latent(stamp_ns=stamp_ns, ready_ns=ready_ns, sequence=sequence, task_id=task.id,
                      instruction=task.instruction, model_id=self.model_id,
                      instruction_embedding=_half(self._vl.token_embeddings(ids)), fusion=fusion,
                      complete=complete, reasoning=reasoning)


def load_fusion(path: Path, hidden: int) -> FusionQueries:
    """Fusion queries from their file; raises CheckpointError when they are for a model of another width."""
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f'{path}: cannot be read: {error}') from error
    if 'queries' not in weights or 'readout.weight' not in weights:
        raise CheckpointError(f'{path}: holds no fusion queries')
    if weights['queries'].ndim != 2 or weights['queries'].shape[1] != hidden:
        raise CheckpointError(f'{path}: the fusion queries are {tuple(weights["queries"].shape)}, the language model '
                              f'is {hidden} wide; both must come from one training')
    try:
        fusion = FusionQueries(hidden, len(weights['queries']), len(weights['readout.weight']))
        fusion.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        raise CheckpointError(f'{path}: not fusion queries: {error}') from error
    return fusion


def _half(tensor: torch.Tensor) -> NDArray[np.float16]:
    return tensor.float().clamp(-6e4, 6e4).cpu().numpy().astype(np.float16)
