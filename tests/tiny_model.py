"""A pre-trained-format model that is small enough to train in seconds; its weights are random."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789.,!?'-")
WORDS = (
    *("good", "great", "fine", "happy", "love", "bad", "awful", "poor", "sad", "hate", "the", "is", "was", "this"),
    *("that", "movie", "film", "day", "rain", "sun", "very", "not", "and", "sport", "ball", "team", "goal", "game"),
    *("match", "engine", "wheel", "road", "driver", "car", "moon", "rocket", "star", "space", "orbit"),
)


def write_tiny_model(folder: Path, *, words: tuple[str, ...] = WORDS) -> Path:
    """Save a two-layer BERT of width 32 and its WordPiece tokenizer into a folder, which is returned.

    Without words the tokenizer knows letters alone.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = BertModel(_config(vocabulary(words)), add_pooling_layer=False)
    encoder.save_pretrained(folder)
    _tokenizer(vocabulary(words)).save_pretrained(folder)
    return folder


def vocabulary(words: tuple[str, ...] = WORDS) -> list[str]:
    return [*SPECIALS, *LETTERS, *(f"##{letter}" for letter in LETTERS), *words]


def _config(tokens: list[str]) -> BertConfig:
    return BertConfig(
        vocab_size=len(tokens),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )


def _tokenizer(tokens: list[str]) -> PreTrainedTokenizerFast:
    ids = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
