"""A T5 built from a config, small enough to train in seconds, with a tokenizer of T5's kind; its weights are random."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

from tests.tiny_model import WORDS

SPACE = "▁"
SIGNS = (*"abcdefghijklmnopqrstuvwxyz", *"0123456789", *".,!?'-[];:_")


def write_tiny_t5(folder: Path, *, words: tuple[str, ...] = (*WORDS, "pos", "neg"), num_layers: int = 2) -> Path:
    """Save a T5 of width 32 and its tokenizer into a folder, which is returned.

    Without words the tokenizer knows signs alone.
    """
    tokenizer = tiny_t5_tokenizer(words)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = T5ForConditionalGeneration(_config(len(tokenizer), num_layers))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_t5_tokenizer(words: tuple[str, ...]) -> T5Tokenizer:
    """A whole word costs less than its signs, so that it is one token."""
    specials = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), (SPACE, -4.0)]
    pieces = [*((f"{SPACE}{word}", -1.0) for word in words), *((sign, -4.0) for sign in SIGNS)]
    return T5Tokenizer(vocab=[*specials, *pieces], extra_ids=0)


def _config(vocab_size: int, num_layers: int) -> T5Config:
    return T5Config(
        vocab_size=vocab_size,
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=num_layers,
        num_heads=2,
        relative_attention_num_buckets=8,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
