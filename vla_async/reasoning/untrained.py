"""An untrained reasoner folder in the ordinary Hugging Face layout: model, tokenizer and image processor."""
from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast, SmolVLMConfig, SmolVLMForConditionalGeneration
from transformers.models.smolvlm.configuration_smolvlm import SmolVLMVisionConfig
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from vla_async.reasoning.prompt import AROUND, END, GLOBAL, IMAGE, LOCATION_BINS

SPECIAL = ('<|im_start|>', END, AROUND, IMAGE, GLOBAL, '<pad>', '<unk>')
VOCABULARY = 1024
WORD_SCALE = 0.5  # of token embeddings: the fast side reads them directly, the usual 0.02 makes them jump in training
PATCH = 28  # pixels; with the connector's factor 2 a picture of 224 x 224 takes 16 tokens
COLOURS = ('red', 'green', 'blue', 'yellow', 'orange', 'purple', 'pink', 'cyan', 'white', 'black', 'brown', 'grey',
           'gray', 'magenta', 'violet', 'turquoise')
SHAPES = ('cube', 'ball', 'sphere', 'cylinder', 'box', 'block', 'capsule', 'cone', 'disc', 'can', 'object', 'thing')
PHRASES = (
    'touch the {} {} with your {} hand', 'with the {2} hand, please touch the {0} {1}.', '{2} hand, {0} {1} at',
    'put your {2} hand on the {0} {1}', 'use your {2} hand to reach for the {0} {1}',
    'can you tap the {0} {1} using your {2} hand?', 'move your {2} hand to the {0} {1}',
    'reach out and place the {2} hand at the {0} {1}', 'go to the {0} {1} and touch it with the {2} one')


def write_reasoner(folder: Path, text: tuple[int, int], vision: tuple[int, int], image_size: int,
                   corpus: Iterable[str] = (), splitting: bool = False) -> None:
    """A SmolVLM-family folder with random weights; `text`, `vision` are (width, layers), `image_size` in pixels."""
    tokenizer = train_tokenizer(corpus)
    tokenizer.save_pretrained(folder)
    ids = {'pad_token_id': tokenizer.pad_token_id, 'bos_token_id': tokenizer.convert_tokens_to_ids('<|im_start|>'),
           'eos_token_id': tokenizer.convert_tokens_to_ids(END)}
    config = SmolVLMConfig(
        vision_config=SmolVLMVisionConfig(hidden_size=vision[0], num_hidden_layers=vision[1], patch_size=PATCH,
                                          num_attention_heads=vision[0] // 32, intermediate_size=3 * vision[0],
                                          image_size=image_size),
        text_config=LlamaConfig(hidden_size=text[0], num_hidden_layers=text[1], num_attention_heads=text[0] // 32,
                                num_key_value_heads=text[0] // 32, intermediate_size=3 * text[0], rms_norm_eps=1e-5,
                                vocab_size=len(tokenizer), max_position_embeddings=2048, **ids),
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE), scale_factor=2, tie_word_embeddings=False, **ids)
    model = SmolVLMForConditionalGeneration(config)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=WORD_SCALE)
    model.save_pretrained(folder)
    edge = {'longest_edge': image_size}
    SmolVLMImageProcessorPil(size={'longest_edge': 2 * image_size} if splitting else edge, max_image_size=edge,
                             do_image_splitting=splitting).save_pretrained(folder)


def train_tokenizer(corpus: Iterable[str]) -> Any:
    """A byte-level tokenizer: any text is representable, the words of the tasks and the places are one token each."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=list(SPECIAL), show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator([*_sentences(), *corpus], trainer)
    roles = {'bos_token': '<|im_start|>', 'eos_token': END, 'pad_token': '<pad>', 'unk_token': '<unk>'}
    more = [AROUND, IMAGE, GLOBAL]
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, additional_special_tokens=more, **roles)


def _sentences() -> list[str]:
    named = itertools.product(COLOURS, SHAPES, ('left', 'right'))
    spoken = [phrase.format(*names) for names, phrase in zip(named, itertools.cycle(PHRASES), strict=False)]
    places = [f' {i} {j} is at {j} {i}' for i in range(LOCATION_BINS) for j in (i, (i * 37) % LOCATION_BINS)]
    return spoken + places
