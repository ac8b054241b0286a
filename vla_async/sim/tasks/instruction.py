"""Instructions of the touch task: how they are phrased, and what a free one means on a given table.

It knows words only; whether an object can be reached is not its business.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

import numpy as np

from vla_async.errors import ConfigError
from vla_async.sim.scene import COLOURS, SHAPES, SceneObject

WITH_HAND = (
    'touch the {object} with your {hand} hand',
    'touch the {object} with the {hand} hand',
    'reach for the {object} using the {hand} hand',
    'put your {hand} hand on the {object}',
    'use your {hand} hand to touch the {object}',
    '{hand} hand: touch the {object}',
    'with your {hand} hand, tap the {object}',
    'move your {hand} hand to the {object}',
    'bring the {hand} hand to the {object}',
    'go to the {object} with your {hand} arm',
)
WITHOUT_HAND = (
    'touch the {object}',
    'reach for the {object}',
    'go and touch the {object}',
    'tap the {object}',
    'move to the {object}',
)
SYNONYMS = {'violet': 'purple', 'sphere': 'ball', 'box': 'cube', 'block': 'cube', 'pyramid': 'cone', 'can': 'cylinder'}
MIDDLE = 0.10  # [m] closer to the middle line than this, an object belongs to neither hand


def nearer_hand(y: float) -> str:
    """The hand on whose side an object at lateral position `y` [m, left is positive] lies."""
    return 'left' if y >= 0.0 else 'right'


def phrase(rng: np.random.Generator, thing: SceneObject, hand: str, hands: Collection[str]) -> str:
    """One of the phrasings; the hand goes unsaid only where it is plain which one is meant."""
    plain = len(hands) == 1 or (hand == nearer_hand(thing.position[1]) and abs(thing.position[1]) > MIDDLE)
    unsaid = len(hands) == 1 or (plain and rng.random() < 0.15)
    templates = WITHOUT_HAND if unsaid else WITH_HAND
    return templates[int(rng.integers(len(templates)))].format(object=thing.name, hand=hand)


def parse(text: str, objects: Sequence[SceneObject], hands: Collection[str]) -> tuple[str, str]:
    """Hand and object that a free instruction names; unknown words and characters are passed over.

    Raises:
        ConfigError: it names no object, several, or one that is not there; the error lists what is.
    """
    words = _words(text)
    thing = _named_object(text, words, objects)
    named = [hand for hand in hands if hand in words]
    if len(named) > 1:
        raise ConfigError(f'the instruction {text!r} names more than one hand: {", ".join(named)}; name one')
    if named:
        return named[0], thing.name
    return (next(iter(hands)) if len(hands) == 1 else nearer_hand(thing.position[1])), thing.name


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize('NFKD', text).lower()
    singular = (word.removesuffix('s') for word in re.findall('[a-z]+', plain))
    return {SYNONYMS.get(word, word) for word in singular}


def _named_object(text: str, words: set[str], objects: Sequence[SceneObject]) -> SceneObject:
    colours, shapes = words & set(COLOURS), words & set(SHAPES)
    found = [o for o in objects if (not colours or o.colour in colours) and (not shapes or o.shape in shapes)]
    listed = ', '.join(o.name for o in objects)
    if not colours and not shapes:
        raise ConfigError(f'the instruction {text!r} names no object; on the table: {listed}')
    if not found:
        wanted = ' '.join([*sorted(colours), *sorted(shapes)])
        raise ConfigError(f'there is no {wanted}, as the instruction {text!r} asks; on the table: {listed}')
    if len(found) > 1:
        raise ConfigError(f'the instruction {text!r} fits several objects; name one by colour and shape: {listed}')
    return found[0]
