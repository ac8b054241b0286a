"""The expert as one program: the same numbers as layer by layer, but the interpreter is free while it runs.

A node then takes in pictures and latents during inference, and inference waits for neither. TorchScript is what torch
has for this that needs no C++ compiler on the robot and no minute at every start, as its successors do.
"""
from __future__ import annotations

import warnings
from dataclasses import fields

import torch
from torch import nn

from vla_async.acting.expert import ActionExpert
from vla_async.acting.observation_encoder import Inputs

WARM_UP = 3  # TorchScript watches the first two calls, and rewrites itself at the third
REST = tuple(f.name for f in fields(Inputs) if f.name != 'images')


class CompiledExpert:
    """`ActionExpert.chunk` at batch size 1, for inputs of one shape, type and device; pictures come in as bytes."""

    def __init__(self, expert: ActionExpert, steps: int, example: Inputs, noise: torch.Tensor) -> None:
        """Takes a second. `example` and `noise` are arguments as they will come, with any values."""
        self._cameras = tuple(example.images)
        arguments = self._arguments(example, noise)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)
            program = torch.jit.trace(_Flat(expert, self._cameras, steps), arguments, check_trace=False)
            self._program = torch.jit.freeze(program.eval())
        for _ in range(WARM_UP):
            self._program(*arguments)

    def chunk(self, inputs: Inputs, noise: torch.Tensor) -> torch.Tensor:
        """Normalised chunk (H, D) from pictures (h, w, 3) of 0..255 and start noise (1, H, D)."""
        chunk: torch.Tensor = self._program(*self._arguments(inputs, noise))
        return chunk

    def _arguments(self, inputs: Inputs, noise: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (*(inputs.images[name] for name in self._cameras), *(getattr(inputs, name) for name in REST), noise)


class _Flat(nn.Module):
    """The expert with tensors as its only arguments, and with what is done to pictures before and chunks after it."""

    def __init__(self, expert: ActionExpert, cameras: tuple[str, ...], steps: int) -> None:
        super().__init__()
        self.expert, self.cameras, self.steps = expert, cameras, steps
        self.dtype = expert.field.action_in.weight.dtype

    def forward(self, *arguments: torch.Tensor) -> torch.Tensor:
        count = len(self.cameras)
        images = {name: self._picture(image) for name, image in zip(self.cameras, arguments[:count], strict=True)}
        inputs = Inputs(images, *arguments[count:-1])
        return self.expert.chunk(inputs, arguments[-1], self.steps)[0].double()

    def _picture(self, image: torch.Tensor) -> torch.Tensor:
        """(h, w, 3) uint8 to (1, 3, h, w) in 0..1; the permuted view is the channels-last layout already."""
        return (image.to(self.dtype) / 255)[None].permute(0, 3, 1, 2)
