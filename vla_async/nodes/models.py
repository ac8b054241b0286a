"""Models of the nodes that run one, loaded when a node is configured or, in a process that stands by, before."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from vla_async.embodiment import Embodiment, load
from vla_async.errors import VlaAsyncError
from vla_async.nodes import parameters
from vla_async.nodes.parameters import PolicyParameters
from vla_async.nodes.threads import limit_model_threads

Model = TypeVar('Model')
Load = Callable[[str, Embodiment, str], Model]  # checkpoint folder, robot, device


@dataclass(frozen=True)
class Which:
    """What decides which model it is."""

    checkpoint: str
    robot: str
    device: str

    @classmethod
    def of(cls, values: PolicyParameters) -> Which:
        return cls(values.checkpoint, values.robot, values.device)


class ModelSource(Generic[Model]):
    """Where a node gets its model from; one that is ready is given once, as its files may change later."""

    def __init__(self, load_model: Load[Model]) -> None:
        self._load = load_model
        self._ready: tuple[Which, Model] | None = None

    def get(self, values: PolicyParameters, robot: Embodiment) -> Model:
        """The model for these parameters; raises VlaAsyncError."""
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] == Which.of(values):
            return ready[1]
        limit_model_threads(1)
        return self._load(values.checkpoint, robot, values.device)

    def prepare(self, arguments: Sequence[str]) -> None:
        """Load what these arguments of the process will ask for; what is wrong with it is left to be said by `get`.

        A model on a GPU waits until it is needed: two would take twice its memory.
        """
        try:
            values = parameters.foretold(arguments, PolicyParameters)
            if values.device == 'cpu':
                self._ready = Which.of(values), self.get(values, load(values.robot))
        except VlaAsyncError:
            self._ready = None


def standing_by(main: Callable[[ModelSource[Model]], int], load_model: Load[Model], arguments: Sequence[str]
                ) -> Callable[[], int]:
    """`main` with a model that is loaded now: what such a node offers as `prepare`."""
    models = ModelSource(load_model)
    models.prepare(arguments)
    return partial(main, models)
