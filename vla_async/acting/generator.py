"""The fast side at run time: observation and latent to an action chunk. No clock, no thread, no topic in here."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vla_async.acting.compiled import CompiledExpert
from vla_async.acting.expert import ActionExpert
from vla_async.acting.observation_encoder import Inputs, Reading, Words
from vla_async.acting.policy_spec import PolicySpec
from vla_async.acting.start_noise import start_noise
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.reasoning.precision import best_dtype
from vla_async.timebase import seconds, step_ns
from vla_async.types import ActionChunk, FloatArray, Latent, Observation

MAX_AGE_S = 3.0  # older latents look this old to the network, which never saw older ones
# In float64 chunks are told in steps of this [rad or m]. What differs from processor to processor, 1e-16 or so, is gone
# then, but for the rare number that lies that near to the edge of a step; a fuser makes 1e-5 of it now and then.
STEP = 2.0 ** -17


class ActionGenerator:
    """Makes chunks of `spec.horizon` joint positions, inside the position limits, finite, from the newest observation.

    Without an instruction (no latent, or an empty one) the chunk stays at the position of the first such call. With
    `dtype` float64 other processors make the same chunks.
    """

    def __init__(self, spec: PolicySpec, expert: ActionExpert, robot: Embodiment, device: str, dtype: torch.dtype
                 ) -> None:
        self.spec, self._device = spec, device
        self._number = torch.promote_types(dtype, torch.float32)  # of inputs and noise
        self._lower, self._upper = robot.array('lower'), robot.array('upper')
        self._step_ns = step_ns(spec.step_rate_hz)
        self._sequence = 0
        self._hold: FloatArray | None = None
        self._noise: tuple[int, torch.Tensor] | None = None
        self._read: tuple[Latent, Reading] | None = None  # the latent that was used last, and what it says
        self._expert = self._compiled(expert.for_inference(device, dtype), robot)

    @classmethod
    def load(cls, folder: str | Path, robot: Embodiment, device: str = 'cpu', dtype: torch.dtype | None = None
             ) -> ActionGenerator:
        """From a policy folder; raises CheckpointError when it is incomplete or for another robot."""
        root = Path(folder)
        spec = PolicySpec.load(root)
        spec.check_robot(root, robot)
        return cls(spec, ActionExpert.load(root, spec), robot, device, dtype or best_dtype(device))

    def reset(self) -> None:
        """Forgets the held position and the start noise; chunk numbers go on."""
        self._hold, self._noise = None, None

    def generate(self, observation: Observation, latent: Latent | None, now_ns: int, noise_seed: int = 0
                 ) -> ActionChunk:
        """Chunk whose row 0 holds one step after the observation; the same inputs and seed give the same chunk.

        `now_ns` is when the latent is used. Raises DataError that names a missing camera, a wrong shape or a NaN.
        """
        self._check(observation)
        if latent is None or not latent.instruction.strip():
            return self._chunk(observation, latent, now_ns, self._held(observation))
        self._hold = None
        return self._chunk(observation, latent, now_ns, self._act(observation, latent, now_ns, noise_seed))

    @torch.inference_mode()
    def _compiled(self, expert: ActionExpert, robot: Embodiment) -> CompiledExpert:
        dark = {name: np.zeros((*size, 3), np.uint8) for name, size in self.spec.cameras.items()}
        observation = Observation(0, dark, robot.array('home'), np.zeros(robot.dof))
        latent = Latent(0, 0, 0, 0, '', '', np.zeros((1, self.spec.expert.language), np.float16), None)
        return CompiledExpert(expert, self.spec.euler_steps, self._words(latent), self._inputs(observation, latent, 0),
                              self._start(0))

    @torch.inference_mode()
    def _act(self, observation: Observation, latent: Latent, now_ns: int, noise_seed: int) -> FloatArray:
        if self._read is None or self._read[0] is not latent:
            self._read = latent, self._expert.read(self._words(latent))
        inputs = self._inputs(observation, latent, now_ns)
        normalised = self._expert.chunk(inputs, self._read[1], self._start(noise_seed))
        delta = self.spec.normalisation.to_delta(normalised.cpu().numpy())
        if self._number == torch.float64:
            delta = np.round(delta / STEP) * STEP
        positions = observation.position + delta
        if not np.isfinite(positions).all():
            raise DataError('the policy made a chunk that is not finite; the checkpoint is damaged')
        return np.clip(positions, self._lower, self._upper)

    def _words(self, latent: Latent) -> Words:
        shape = self.spec.expert
        words = _fit(latent.instruction_embedding, shape.tokens, shape.language, 'instruction embedding')
        fusion = np.zeros((shape.fusion_queries, shape.fusion_width), np.float16)
        if latent.fusion is not None:
            fusion = latent.fusion
            if fusion.shape != (shape.fusion_queries, shape.fusion_width):
                raise DataError(f'the latent is {fusion.shape}, the policy takes '
                                f'{(shape.fusion_queries, shape.fusion_width)}; both must come from one checkpoint')
        mask = (torch.arange(shape.tokens) < len(latent.instruction_embedding))[None]
        present = torch.tensor([latent.fusion is not None])
        return Words(self._tensor(words), mask.to(self._device), self._tensor(fusion), present.to(self._device))

    def _inputs(self, observation: Observation, latent: Latent, now_ns: int) -> Inputs:
        age_s = min(MAX_AGE_S, max(0.0, seconds(now_ns - latent.stamp_ns)))
        state = self.spec.normalisation.state(observation.position, observation.velocity)
        images = {name: torch.from_numpy(np.ascontiguousarray(observation.images[name])).to(self._device)
                  for name in self.spec.cameras}
        age = torch.tensor([age_s], device=self._device, dtype=self._number)
        return Inputs(images, self._tensor(state), age)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.float64))[None].to(self._number).to(self._device)

    def _start(self, seed: int) -> torch.Tensor:
        """Start noise (1, H, D) of an episode: the same for every chunk, so that successive chunks agree."""
        if self._noise is None or self._noise[0] != seed:
            noise = start_noise((1, self.spec.horizon, len(self.spec.joints)), seed, self._number)
            self._noise = (seed, noise.to(self._device) * self.spec.noise_scale)
        return self._noise[1]

    def _held(self, observation: Observation) -> FloatArray:
        if self._hold is None:
            self._hold = np.clip(observation.position, self._lower, self._upper)
        return np.tile(self._hold, (self.spec.horizon, 1))

    def _chunk(self, observation: Observation, latent: Latent | None, now_ns: int, positions: FloatArray
               ) -> ActionChunk:
        self._sequence += 1
        return ActionChunk(stamp_ns=observation.stamp_ns + self._step_ns, step_ns=self._step_ns, positions=positions,
                           latent_version=latent.sequence if latent else 0, sequence=self._sequence,
                           task_id=latent.task_id if latent else 0, observation_ns=observation.stamp_ns,
                           pictures_ns=observation.pictures_ns, joints_ns=observation.joints_ns,
                           latent_ns=latent.stamp_ns if latent else 0, begun_ns=now_ns)

    def _check(self, observation: Observation) -> None:
        for name, (height, width) in self.spec.cameras.items():
            image = observation.images.get(name)
            if image is None:
                raise DataError(f'the observation has no camera {name!r}')
            if image.shape != (height, width, 3) or image.dtype != np.uint8:
                raise DataError(f'camera {name}: expected {(height, width, 3)} uint8, got {image.shape} {image.dtype}')
        for what, array in (('positions', observation.position), ('velocities', observation.velocity)):
            if array.shape != (len(self.spec.joints),):
                raise DataError(f'joint {what}: expected {len(self.spec.joints)} numbers, got shape {array.shape}')
            if not np.isfinite(array).all():
                wrong = self.spec.joints[int(np.flatnonzero(~np.isfinite(array))[0])]
                raise DataError(f'joint {what}: {wrong} is not finite')


def _fit(array: np.ndarray, rows: int, width: int, what: str) -> np.ndarray:
    """`array` (n, width) with zero rows appended up to `rows`; raises DataError when it does not fit."""
    if array.ndim != 2 or array.shape[1] != width or array.shape[0] > rows:
        raise DataError(f'the {what} is {array.shape}, the policy takes up to {rows} rows of {width}; '
                        'latent and policy must come from one checkpoint')
    return np.concatenate([array, np.zeros((rows - array.shape[0], width), array.dtype)])
