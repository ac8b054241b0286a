"""A SmolVLM-family checkpoint folder as three parts: model, prompt builder, picture preprocessing.

Only local files, only safetensors. The processor class of the library is not used: it insists on video libraries.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForImageTextToText, AutoTokenizer
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.utils.logging import disable_progress_bar

from vla_async.errors import CheckpointError
from vla_async.reasoning.float64 import without_float32
from vla_async.reasoning.model_folder import judge
from vla_async.reasoning.prompt import END, GLOBAL, IMAGE, PromptBuilder

FILES = ('config.json', 'tokenizer.json', 'preprocessor_config.json')


class VisionLanguage:
    """Model, tokenizer and image processor of one folder; `embed` turns picture and instruction into embeddings."""

    def __init__(self, model: Any, tokenizer: Any, image_processor: Any) -> None:
        self.model, self.tokenizer, self.image_processor = model, tokenizer, image_processor
        vision = model.config.vision_config
        side = vision.image_size // vision.patch_size // model.config.scale_factor
        self.prompts = PromptBuilder(tokenizer, side * side)

    @classmethod
    def load(cls, folder: Path, dtype: torch.dtype = torch.float32) -> VisionLanguage:
        """Reads a folder in the ordinary Hugging Face layout; raises CheckpointError that names what is wrong."""
        for name in FILES:
            if not (folder / name).is_file():
                raise CheckpointError(f'{folder}: {name} is missing; a reasoner folder holds {", ".join(FILES)} '
                                      'and its weights as safetensors')
        disable_progress_bar()  # nothing is downloaded, loading takes a moment
        judge(folder)
        try:
            model, found = AutoModelForImageTextToText.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=dtype,
                attn_implementation='sdpa', output_loading_info=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            images = SmolVLMImageProcessorPil.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # the libraries raise errors of their own, of any kind
            raise CheckpointError(f'{folder}: not a loadable image-text model: {error}') from error
        if found['missing_keys']:  # the library would go on with random ones
            raise CheckpointError(f'{folder}: the weights lack {", ".join(sorted(found["missing_keys"])[:3])}')
        _check_tokens(folder, tokenizer)
        if dtype == torch.float64:
            without_float32(model)
        return cls(model, tokenizer, images)

    @property
    def width(self) -> int:
        """Width of the language model's embeddings."""
        return int(self.model.config.text_config.hidden_size)

    def pixels(self, image: NDArray[np.uint8]) -> tuple[torch.Tensor, int, int]:
        """Picture (h, w, 3) to model input (1, N, 3, s, s) and the grid it was split into, (0, 0) when it was not."""
        batch = self.image_processor(images=[[image]], return_tensors='pt', return_row_col_info=True,
                                     input_data_format='channels_last')
        return batch['pixel_values'], int(batch['rows'][0][0]), int(batch['cols'][0][0])

    def image_embeddings(self, pixels: torch.Tensor) -> torch.Tensor:
        """Model input (B, N, 3, s, s) to the language model's input vectors of all pictures, (B * N, P, hidden)."""
        pooled = self.model.model.get_image_features(pixels, return_dict=True).pooler_output
        return torch.cat(list(pooled)).unflatten(0, (-1, self.prompts.image_tokens))

    def token_embeddings(self, ids: torch.Tensor) -> torch.Tensor:
        """Token ids (...,) to embeddings (..., hidden)."""
        return self.model.get_input_embeddings()(ids)

    def embed(self, ids: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
        """Prompt ids (B, S) with image positions filled from `pixels` (B, N, 3, s, s): embeddings (B, S, hidden)."""
        embeddings = self.token_embeddings(ids)
        pictures = self.image_embeddings(pixels).flatten(0, 1).to(embeddings.dtype)
        where = (ids == self.model.config.image_token_id).unsqueeze(-1)
        return embeddings.masked_scatter(where, pictures)


def _check_tokens(folder: Path, tokenizer: Any) -> None:
    known = tokenizer.get_vocab()
    for token in (IMAGE, GLOBAL, END):
        if token not in known:
            raise CheckpointError(f'{folder}: the tokenizer has no token {token}; this is no SmolVLM-family tokenizer')
