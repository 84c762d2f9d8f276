"""Encoders of several families, four layers deep and small enough to be made in a moment; their weights are random."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoModel,
    BertConfig,
    DebertaConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    LongformerConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
    XLNetConfig,
)

NUM_LAYERS = 4
SHAPE: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
SIZE: dict[str, Any] = {"vocab_size": 60, "max_position_embeddings": 66}
FAMILIES: dict[str, Any] = {
    "bert": BertConfig(**SIZE, **SHAPE),
    "roberta": RobertaConfig(**SIZE, **SHAPE),
    "mpnet": MPNetConfig(**SIZE, **SHAPE),
    "electra": ElectraConfig(**SIZE, **SHAPE, embedding_size=8),
    "deberta": DebertaConfig(**SIZE, **SHAPE),
    "deberta-v2": DebertaV2Config(**SIZE, **SHAPE, relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "distilbert": DistilBertConfig(**SIZE, dim=16, n_layers=NUM_LAYERS, n_heads=2, hidden_dim=32),
    "modernbert": ModernBertConfig(
        **SIZE, **SHAPE, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2
    ),
    "longformer": LongformerConfig(**SIZE, **SHAPE, attention_window=[4] * NUM_LAYERS),
    "xlnet": XLNetConfig(vocab_size=60, d_model=16, n_layer=NUM_LAYERS, n_head=2, d_inner=32),
}


def encoder_of(family: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder: nn.Module = AutoModel.from_config(copy.deepcopy(FAMILIES[family]))
    if hasattr(encoder, "pooler"):
        encoder.pooler = None  # type: ignore[assignment]
    return encoder.eval()


def hidden_states(encoder: nn.Module) -> torch.Tensor:
    ids = torch.tensor([[5, 6, 7, 8]])
    found: torch.Tensor = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return found.detach()
