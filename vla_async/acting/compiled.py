"""The expert as one program: the same numbers as layer by layer, but the interpreter is free while it runs.

A node then takes in pictures and latents during inference, and inference waits for neither. TorchScript is what torch
has for this that needs no C++ compiler on the robot and no minute at every start, as its successors do.
"""
from __future__ import annotations

import warnings

import torch
from torch import nn

from vla_async.acting.expert import ActionExpert
from vla_async.acting.observation_encoder import Inputs, Reading, Words
from vla_async.acting.packed_linear import pack

WARM_UP = 3  # TorchScript watches the first two calls, and rewrites itself at the third


class CompiledExpert:
    """`ActionExpert` at batch size 1, for inputs of one shape, type and device; pictures come in as bytes."""

    def __init__(self, expert: ActionExpert, steps: int, words: Words, inputs: Inputs, noise: torch.Tensor) -> None:
        """Takes a second, and the expert with it. The other arguments are as they will come, with any values."""
        self._cameras = tuple(inputs.images)
        pack(expert)
        self._read = _compiled(_Reader(expert), _tensors(words))
        arguments = self._arguments(inputs, self.read(words), noise)
        self._chunk = _compiled(_Actor(expert, self._cameras, steps), arguments)

    def read(self, words: Words) -> Reading:
        """What all chunks of one latent have in common."""
        return Reading(*self._read(*_tensors(words)))

    def chunk(self, inputs: Inputs, reading: Reading, noise: torch.Tensor) -> torch.Tensor:
        """Normalised chunk (H, D) from pictures (h, w, 3) of 0..255 and start noise (1, H, D)."""
        chunk: torch.Tensor = self._chunk(*self._arguments(inputs, reading, noise))
        return chunk

    def _arguments(self, inputs: Inputs, reading: Reading, noise: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (*(inputs.images[name] for name in self._cameras), inputs.state, inputs.latent_age, *_tensors(reading),
                noise)


class _Reader(nn.Module):
    """`encoder.read` with tensors as its only arguments and results."""

    def __init__(self, expert: ActionExpert) -> None:
        super().__init__()
        self.encoder = expert.encoder

    def forward(self, *words: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return _tensors(self.encoder.read(Words(*words)))


class _Actor(nn.Module):
    """The expert with tensors as its only arguments, and with what is done to pictures before and chunks after it."""

    def __init__(self, expert: ActionExpert, cameras: tuple[str, ...], steps: int) -> None:
        super().__init__()
        self.expert, self.cameras, self.steps = expert, cameras, steps
        self.dtype = expert.field.place.dtype

    def forward(self, *arguments: torch.Tensor) -> torch.Tensor:
        count = len(self.cameras)
        images = {name: self._picture(image) for name, image in zip(self.cameras, arguments[:count], strict=True)}
        inputs, reading = Inputs(images, *arguments[count:count + 2]), Reading(*arguments[count + 2:-1])
        return self.expert.chunk(inputs, reading, arguments[-1], self.steps)[0].double()

    def _picture(self, image: torch.Tensor) -> torch.Tensor:
        """(h, w, 3) uint8 to (1, 3, h, w) in 0..1; the permuted view is the channels-last layout already."""
        return (image.to(self.dtype) / 255)[None].permute(0, 3, 1, 2)


def _compiled(module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        for harmless in (DeprecationWarning, torch.jit.TracerWarning):  # the latter of numbers that are constants
            warnings.simplefilter('ignore', harmless)
        program = torch.jit.freeze(torch.jit.trace(module, arguments, check_trace=False).eval())
    for _ in range(WARM_UP):
        program(*arguments)
    return program


def _tensors(values: Words | Reading) -> tuple[torch.Tensor, ...]:
    return tuple(vars(values).values())
