"""The action expert: observation encoder and velocity field as one network with one weights file."""
from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from vla_async.acting.flow_matching import integrate
from vla_async.acting.observation_encoder import Inputs, ObservationEncoder, Reading
from vla_async.acting.policy_spec import PolicySpec
from vla_async.acting.velocity_field import VelocityField
from vla_async.errors import CheckpointError

FILE = 'expert.safetensors'


class ActionExpert(nn.Module):
    """Inputs to normalised action chunks."""

    def __init__(self, spec: PolicySpec) -> None:
        super().__init__()
        sight = [spec.joints.index(name) for name in spec.sight_joints]
        self.encoder = ObservationEncoder(spec.expert, len(spec.joints), tuple(spec.cameras), sight)
        self.field = VelocityField(spec.expert, len(spec.joints), spec.horizon)

    @classmethod
    def load(cls, folder: Path, spec: PolicySpec) -> ActionExpert:
        """Weights from a policy folder; raises CheckpointError when they are missing or of another shape."""
        path = folder / FILE
        if not path.is_file():
            raise CheckpointError(f'{folder}: {FILE} is missing')
        try:
            with torch.device('meta'):  # no memory for what policy.json describes, only for what the file holds
                expert = cls(spec)
            expert.load_state_dict(load_file(path), assign=True)
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            raise CheckpointError(f'{path}: does not fit policy.json: {error}') from error
        return expert.float()

    def save(self, folder: Path) -> None:
        save_file({k: v.detach().contiguous().cpu() for k, v in self.state_dict().items()}, folder / FILE)

    def for_inference(self, device: str, dtype: torch.dtype) -> ActionExpert:
        """Frozen, in `dtype` except the small parts that need at least float32."""
        self.eval().requires_grad_(False).to(device=device, dtype=dtype)
        for module in self.encoder.precise():
            module.to(torch.promote_types(dtype, torch.float32))
        return self

    def chunk(self, inputs: Inputs, reading: Reading, noise: torch.Tensor, steps: int) -> torch.Tensor:
        """Normalised chunk (B, H, D) from start noise (B, H, D) in `steps` Euler steps; see `encoder.read`."""
        keys_values = self.field.condition(self.encoder(inputs, reading))
        return integrate(lambda x, tau: self.field(x, tau, keys_values), noise, steps)
