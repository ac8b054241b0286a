"""From an instruction and a picture to what a SmolVLM-family model reads, and the words of its reasoning.

The chat layout is the family's own: `<|im_start|>User:` image tokens, instruction, `<end_of_utterance>`, `Assistant:`.
Pieces are tokenised apart, so text that looks like a control token stays text and cannot shift the image tokens.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_INSTRUCTION_TOKENS = 24  # of the instruction embedding; longer instructions are cut
LOCATION_BINS = 100  # location words run from 0 to 99 over the width and the height of the picture
_HEAD = '<|im_start|>User:'
_TAIL = '<end_of_utterance>\nAssistant:'
END = '<end_of_utterance>'
IMAGE, AROUND, GLOBAL = '<image>', '<fake_token_around_image>', '<global-img>'


def clean(instruction: str) -> str:
    """Instruction without control characters, angle brackets (control tokens are spelled with them), double spaces."""
    printable = ''.join(' ' if unicodedata.category(c)[0] in 'CZ' or c in '<>' else c for c in instruction)
    return re.sub(' +', ' ', printable).strip()


def location_words(pixel: Sequence[float]) -> str:
    """Place in the picture as two words, x then y; `pixel` (2,) in 0..1 from the upper left corner."""
    x, y = (min(LOCATION_BINS - 1, max(0, int(v * LOCATION_BINS))) for v in pixel)
    return f'{x} {y}'


def reasoning_text(hand: str, target: str, pixel: Sequence[float]) -> str:
    """The reasoning that the model is trained to say, e.g. `left hand, red cube at 31 58`."""
    return f'{hand} hand, {target} at {location_words(pixel)}'


class PromptBuilder:
    """Token ids of prompts for one tokenizer; `image_tokens` is the number of positions that one (sub)image takes."""

    def __init__(self, tokenizer: Any, image_tokens: int) -> None:
        self.tokenizer, self.image_tokens = tokenizer, image_tokens
        self.end_id = int(tokenizer.convert_tokens_to_ids(END))
        self._head, self._tail = self._ids(_HEAD), self._ids(_TAIL)

    def instruction(self, text: str) -> list[int]:
        """Token ids of the cleaned instruction, at most MAX_INSTRUCTION_TOKENS; empty for an empty one."""
        cleaned = clean(text)
        return self._ids(cleaned)[:MAX_INSTRUCTION_TOKENS] if cleaned else []

    def prefix(self, text: str, rows: int = 0, columns: int = 0) -> NDArray[np.int64]:
        """Prompt up to the answer, shape (S,); `rows`, `columns` of the grid when the picture is split, else 0."""
        return np.array(self._head + self.image(rows, columns) + self.instruction(text) + self._tail, dtype=np.int64)

    def answer(self, text: str) -> NDArray[np.int64]:
        """Token ids of a reasoning text and its end, shape (L,)."""
        return np.array([*self._ids(text), self.end_id], dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """Reasoning text of generated ids, up to the end token."""
        kept = list(ids[:ids.index(self.end_id)]) if self.end_id in ids else list(ids)
        return str(self.tokenizer.decode(kept, skip_special_tokens=True)).strip()

    def image(self, rows: int, columns: int) -> list[int]:
        """Ids that stand for one picture: its parts row by row when it is split, then the whole."""
        parts = ''
        for row in range(rows):
            for column in range(columns):
                parts += f'{AROUND}<row_{row + 1}_col_{column + 1}>' + IMAGE * self.image_tokens
            parts += '\n'
        whole = f'{AROUND}{GLOBAL}' + IMAGE * self.image_tokens + AROUND
        return self._ids(f'{parts}\n{whole}' if parts else whole)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)['input_ids'])
