"""A second process that computes gradients of its own batches for the same weights, on another processor core.

Two processes with one thread each are much faster on two cores than one operation on two threads, and stay so when
something else needs a core. Weights and gradients lie in shared memory; only losses and random state go by pipe.
"""
from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import multiprocessing

from vla_async.errors import EnvironmentFault
from vla_async.launcher.interruption import deaf_children
from vla_async.training.shard import Shard

Factory = Callable[..., Shard]
DIED = 'a training process died (out of memory?); start again with --resume'


class GradientHelper:
    """Runs `factory(*arguments)` in a new process; that shard must have the same parameters in the same order.

    It hears no signal that ends the trainer, which still needs its random state; `close` it, or it stays.
    """

    def __init__(self, factory: Factory, arguments: tuple[Any, ...], parameters: list[torch.nn.Parameter]) -> None:
        context = multiprocessing.get_context('spawn')
        self._pipe, theirs = context.Pipe()
        weights = [p.data.share_memory_() for p in parameters]
        self.gradients = [torch.zeros_like(w).share_memory_() for w in weights]
        self._process = context.Process(target=_serve, args=(theirs, factory, arguments, weights, self.gradients),
                                        daemon=True)
        with deaf_children():
            self._process.start()
        theirs.close()

    def start(self, stage: str) -> None:
        """Begin with the next batch of a stage."""
        self._send('gradients', stage)

    def losses(self) -> dict[str, float]:
        """Wait for the batch; `gradients` of what the stage trains are valid until the next start."""
        numbers: dict[str, float] = self._receive()
        return numbers

    def state(self) -> dict[str, Any]:
        """Random state of the helper's shard."""
        self._send('state')
        state: dict[str, Any] = self._receive()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self._send('restore', state)
        self._receive()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()

    def _send(self, request: str, value: Any = None) -> None:
        try:
            self._pipe.send((request, value))
        except OSError as error:
            raise EnvironmentFault(DIED) from error

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise EnvironmentFault(DIED) from error


def _serve(pipe: Connection, factory: Factory, arguments: tuple[Any, ...], weights: list[torch.Tensor],
           gradients: list[torch.Tensor]) -> None:
    torch.set_num_threads(1)
    shard = factory(*arguments)
    for parameter, shared in zip(shard.parameters, weights, strict=True):
        parameter.data = shared
    while True:
        try:
            request, value = pipe.recv()
            pipe.send(_answer(shard, gradients, request, value))
        except (EOFError, BrokenPipeError, ConnectionResetError):  # the trainer has ended
            return


def _answer(shard: Shard, gradients: list[torch.Tensor], request: str, value: Any) -> Any:
    if request == 'gradients':
        found, numbers = shard.gradients(value)
        for i, gradient in zip(shard.members[value], found, strict=True):
            gradients[i].copy_(gradient)
        return numbers
    if request == 'restore':
        shard.restore(value)
        return None
    return shard.state()
