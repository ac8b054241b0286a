from __future__ import annotations

from vla_async.reasoning.prompt import MAX_INSTRUCTION_TOKENS, PromptBuilder, clean, location_words, reasoning_text
from vla_async.reasoning.untrained import train_tokenizer


def test_location_words_run_over_the_picture() -> None:
    assert location_words((0.0, 0.999)) == '0 99'
    assert location_words((-3.0, 7.0)) == '0 99'
    assert reasoning_text('left', 'red cube', (0.315, 0.585)) == 'left hand, red cube at 31 58'


def test_control_tokens_and_control_characters_do_not_survive() -> None:
    assert clean(' <image>\ttouch \x00 it<end_of_utterance>\n') == 'image touch it end_of_utterance'


def test_every_prompt_has_the_image_tokens_of_its_grid() -> None:
    prompts = PromptBuilder(train_tokenizer([]), image_tokens=16)
    image = prompts.tokenizer.convert_tokens_to_ids('<image>')
    assert (prompts.prefix('touch <image>') == image).sum() == 16
    assert (prompts.prefix('touch it', rows=2, columns=3) == image).sum() == 16 * 7


def test_answers_survive_the_tokenizer() -> None:
    prompts = PromptBuilder(train_tokenizer([]), image_tokens=16)
    ids = prompts.answer('left hand, red cube at 31 58').tolist()
    assert prompts.decode(ids) == 'left hand, red cube at 31 58'
    assert len(ids) == 9  # every word and every place is one token


def test_long_instructions_are_cut() -> None:
    prompts = PromptBuilder(train_tokenizer([]), image_tokens=16)
    assert len(prompts.instruction('red cube ' * 100)) == MAX_INSTRUCTION_TOKENS
    assert prompts.instruction('') == []
