"""A Llama built from a config, small enough to train in seconds, with a chat template; its weights are random."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import WordPiece
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.tiny_model import LETTERS, WORDS

# There is none to fill rows up with, as with many decoders.
UNKNOWN, END, ASKS, ANSWERS = "<unk>", "</s>", "<user>", "<answer>"
TEMPLATE = f"{ASKS}{{{{ messages[0]['content'] }}}}{{% if add_generation_prompt %}}{ANSWERS}{{% endif %}}"


def write_tiny_llama(folder: Path, *, num_layers: int = 2, num_positions: int = 128) -> Path:
    """Save a Llama of width 32 and its tokenizer into a folder, which is returned."""
    tokenizer = tiny_llama_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(_config(len(tokenizer), num_layers, num_positions))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_llama_tokenizer() -> PreTrainedTokenizerFast:
    specials = (UNKNOWN, END, ASKS, ANSWERS)
    tokens = [*specials, *LETTERS, ":", *(f"##{letter}" for letter in LETTERS), *WORDS]
    whole = Tokenizer(WordPiece({token: place for place, token in enumerate(tokens)}, unk_token=UNKNOWN))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    whole.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(
        tokenizer_object=whole,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[ASKS, ANSWERS],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def _config(vocab_size: int, num_layers: int, num_positions: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=num_layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=num_positions,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=None,
    )
