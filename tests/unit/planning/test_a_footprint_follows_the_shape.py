from dataclasses import replace
from typing import Any

import pytest
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, T5Config, T5Model

from planning.footprint import Shape, num_adapted, num_parameters, reading_footprint, training_footprint
from training.models import add_adapters

BERT = Shape(vocabulary=500, hidden=32, layers=3, intermediate=64, heads=4, attention=32, positions=128)


def test_a_berts_parameters_are_counted() -> None:
    config = BertConfig(
        vocab_size=500,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    real = BertModel(config, add_pooling_layer=False).num_parameters()
    assert num_parameters(BERT) == pytest.approx(real, rel=0.01)


@pytest.mark.parametrize("is_gated", [False, True])
def test_a_t5s_parameters_are_counted(is_gated: bool) -> None:
    kind = "gated-gelu" if is_gated else "relu"
    real = T5Model(
        T5Config(vocab_size=500, d_model=64, d_kv=8, d_ff=128, num_layers=3, num_heads=4, feed_forward_proj=kind)
    ).num_parameters()
    shape = Shape(
        vocabulary=500,
        hidden=64,
        layers=3,
        intermediate=128,
        heads=4,
        attention=32,
        positions=None,
        decoder_layers=3,
        is_gated=is_gated,
    )
    assert shape.is_text_to_text
    assert num_parameters(shape) == pytest.approx(real, rel=0.03)


def test_half_the_batch_halves_the_activations_alone() -> None:
    whole = training_footprint(shape=BERT, batch_size=16, max_length=64)
    half = training_footprint(shape=BERT, batch_size=8, max_length=64)
    assert (half.fixed, 2 * half.activations) == (whole.fixed, whole.activations)


def test_reading_takes_less_than_training() -> None:
    sizes = {"batch_size": 16, "max_length": 64}
    deep = replace(BERT, layers=12)
    assert reading_footprint(shape=deep, **sizes).total < training_footprint(shape=deep, **sizes).total


def test_the_adapters_of_a_llama_are_counted() -> None:
    shape = Shape(
        vocabulary=500,
        hidden=64,
        layers=3,
        intermediate=128,
        heads=4,
        attention=64,
        positions=128,
        is_gated=True,
        is_decoder_only=True,
    )
    config = LlamaConfig(
        vocab_size=500, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128
    )
    model = LlamaForCausalLM(config)
    add_adapters(language_model=model, rank=4)
    real = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    assert num_adapted(shape, rank=4) == real
    sizes: dict[str, Any] = {"shape": shape, "batch_size": 8, "max_length": 32, "answer_length": 16}
    whole, adapted = training_footprint(**sizes), training_footprint(**sizes, adapter_rank=4)
    assert adapted.fixed < whole.fixed and adapted.activations == whole.activations
