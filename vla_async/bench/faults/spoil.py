"""Messages that nobody should send, made from good ones."""
from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message

from vla_async.nodes.conversions import to_array, to_ns, to_time
from vla_async.timebase import NS_PER_S

FAR_NS = 10 * NS_PER_S
HUGE = 1e9  # [rad or m]
TEXT = 1 << 20  # characters
MANY = 100
Spoiler = Callable[[Any, np.random.Generator], None]

# names of what a message keeps its numbers in; one of them is spoilt
NUMBERS = {
    'JointState': ('position', 'velocity'),
    'JointSetPoint': ('position', 'velocity', 'acceleration'),
    'ActionChunk': ('positions',),
    'JointTrajectory': ('positions', 'velocities', 'accelerations'),
    'Latent': ('fusion',),
    'Image': ('data',),
}
TEXTS = {'Task': 'instruction', 'StopSignal': 'reason'}
NAMES = {'JointState': 'name', 'ActionChunk': 'joint_names', 'JointTrajectory': 'joint_names'}


def not_a_number(message: Any, rng: np.random.Generator) -> None:
    """One number of the message, or of each of its rows, is NaN."""
    _change(message, rng, lambda values: _with(values, int(rng.integers(len(values))), np.nan))


def huge(message: Any, rng: np.random.Generator) -> None:
    """All numbers of a kind are beyond anything that exists; texts are a megabyte long, pictures claim to be large."""
    kind = type(message).__name__
    if kind in TEXTS:
        setattr(message, TEXTS[kind], 'x' * TEXT)
    elif kind == 'DiagnosticArray':
        for status in message.status:
            status.message = 'x' * TEXT
    elif kind == 'Image':
        message.width = message.height = 2**31
    else:
        _change(message, rng, lambda values: np.full_like(values, min(HUGE, float(np.finfo(values.dtype).max))))


def empty(message: Any, rng: np.random.Generator) -> None:
    """Nothing in it but its header."""
    fresh = type(message)(header=message.header)
    for name in message.get_fields_and_field_types():
        setattr(message, name, getattr(fresh, name))


def too_short(message: Any, rng: np.random.Generator) -> None:
    """One number is missing, or all that a status tells."""
    if type(message).__name__ == 'DiagnosticArray':
        for status in message.status:
            status.values = []
    else:
        _resize(message, rng, lambda values: values[:-1])


def too_long(message: Any, rng: np.random.Generator) -> None:
    """Twice the numbers, or the same status again and again."""
    if type(message).__name__ == 'DiagnosticArray':
        message.status = list(message.status) * MANY
    else:
        _resize(message, rng, lambda values: np.concatenate([values, values]))


def wrong_joint(message: Any, rng: np.random.Generator) -> None:
    """One joint has a name that the robot does not know."""
    attribute = NAMES[type(message).__name__]
    names = list(getattr(message, attribute))
    names[int(rng.integers(len(names)))] = 'tail'
    setattr(message, attribute, names)


def past(message: Any, rng: np.random.Generator) -> None:
    """Stamped ten seconds ago."""
    message.header.stamp = to_time(to_ns(message.header.stamp) - FAR_NS)


def future(message: Any, rng: np.random.Generator) -> None:
    """Stamped ten seconds ahead."""
    message.header.stamp = to_time(to_ns(message.header.stamp) + FAR_NS)


# those that are made of one message; the others depend on the order of several
SPOILERS: dict[str, Spoiler] = {
    'NaN': not_a_number, 'huge': huge, 'empty': empty, 'too short': too_short, 'too long': too_long,
    'wrong joint': wrong_joint, 'past': past, 'future': future}
DUPLICATED, REORDERED = 'duplicated', 'reordered'
KINDS = (*SPOILERS, DUPLICATED, REORDERED)
WITHOUT = {  # kinds that a message cannot be spoilt by
    'DiagnosticArray': ('NaN', 'wrong joint'),
    **dict.fromkeys(TEXTS, ('NaN', 'too short', 'too long', 'wrong joint')), 'Image': ('NaN', 'wrong joint'),
    'Latent': ('wrong joint',), 'JointSetPoint': ('wrong joint',)}


def kinds(message_type: type[Any]) -> tuple[str, ...]:
    """Ways in which messages of this type can be bad."""
    return tuple(kind for kind in KINDS if kind not in WITHOUT.get(message_type.__name__, ()))


def spoilt(kind: str, good: Sequence[Any], late_ns: Sequence[int], rng: np.random.Generator) -> list[Any]:
    """What to publish in one go: from the last good messages, oldest first, and how long ago each came [ns].

    What is not about time carries a stamp as fresh as the good message had when it came.
    """
    if kind == DUPLICATED:
        return [_copy(good[-1])] * 3
    if kind == REORDERED:
        return [_copy(message) for message in reversed(good)]
    message = _copy(good[-1])
    message.header.stamp = to_time(to_ns(message.header.stamp) + late_ns[-1])
    SPOILERS[kind](message, rng)
    return [message]


def _numbers(message: Any, rng: np.random.Generator) -> list[tuple[Any, str]]:
    """Every (holder, attribute) of one kind of numbers, say the velocities of all points."""
    kind = type(message).__name__
    attribute = str(rng.choice(NUMBERS[kind]))
    return [(holder, attribute) for holder in (message.points if kind == 'JointTrajectory' else [message])]


def _copy(message: Any) -> Any:
    return deserialize_message(serialize_message(message), type(message))


def _change(message: Any, rng: np.random.Generator, change: Callable[[np.ndarray], np.ndarray]) -> None:
    for holder, attribute in _numbers(message, rng):
        old = getattr(holder, attribute)
        # the bytes of a latent are half-precision numbers
        values = np.frombuffer(old, dtype='<f2') if attribute == 'fusion' else np.asarray(old, dtype=np.float64)
        if values.size:
            new = change(values)
            setattr(holder, attribute, to_array(new.view(np.uint8) if attribute == 'fusion' else new))


def _resize(message: Any, rng: np.random.Generator, change: Callable[[np.ndarray], np.ndarray]) -> None:
    for holder, attribute in _numbers(message, rng):
        old: array[Any] = getattr(holder, attribute)
        setattr(holder, attribute, to_array(change(np.asarray(old))))


def _with(values: np.ndarray, index: int, value: float) -> np.ndarray:
    changed = values.copy()
    changed[index] = value
    return changed
