"""How much memory a model needs, from its shape: parameters counted, activations estimated."""

from dataclasses import dataclass

# Weights, gradients and Adam's two moments in fp32, and a copy of the best weights so far.
TRAINED_BYTES_PER_PARAMETER = 4 * 5
# Beside adapters: weights, and a copy of the best so far.
ADAPTED_BYTES_PER_PARAMETER = 4 * 2
READ_BYTES_PER_PARAMETER = 4
# Interpreter, torch and transformers before any model is loaded.
PROCESS_BYTES = 700 * 2**20
# Bytes kept for the backward pass, per token and layer, in 16 bits: 34 per hidden unit, and 5 per head and token that
# is attended to. Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models", equation 1.
_PER_HIDDEN, _PER_HEAD = 34, 5
_FP32 = 2


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a transformer's config says of its size; `decoder_layers` is 0 for an encoder or a decoder alone."""

    vocabulary: int
    hidden: int
    layers: int
    intermediate: int
    heads: int
    attention: int
    positions: int | None
    decoder_layers: int = 0
    is_gated: bool = False
    is_decoder_only: bool = False

    @property
    def writes(self) -> bool:
        """Say whether it can write a text."""
        return self.is_text_to_text or self.is_decoder_only

    @property
    def is_text_to_text(self) -> bool:
        """Say whether it is an encoder-decoder."""
        return self.decoder_layers > 0


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes: `fixed` whatever the batch, `activations` of one batch, which halving the batch halves."""

    fixed: int
    activations: int

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.fixed + self.activations

    def beside(self, other: "Footprint") -> "Footprint":
        """Bytes of two models in one process, one of which computes at a time.

        Parameters: `other` model's.
        """
        fixed = self.fixed + other.fixed - PROCESS_BYTES
        return Footprint(fixed=fixed, activations=max(self.activations, other.activations))


def num_parameters(shape: Shape) -> int:
    """Count a model's parameters.

    Parameters: `shape` as its config says.
    Returns: those of embeddings, attention, feed-forward parts and norms; a head of the task is small and left out.
    """
    embeddings = (shape.vocabulary + (shape.positions or 0)) * shape.hidden
    return embeddings + num_layer_parameters(shape)


def num_layer_parameters(shape: Shape) -> int:
    """Count what a model multiplies each token with: its parameters without embeddings. Parameters as above."""
    hidden, wide = shape.hidden, shape.intermediate
    attention = 4 * (hidden * shape.attention) + 4 * hidden
    feed_forward = (3 if shape.is_gated else 2) * hidden * wide + hidden + wide
    per_layer = attention + feed_forward + 4 * hidden
    # A decoder's layer attends twice: to itself, and to the encoder.
    return shape.layers * per_layer + shape.decoder_layers * (per_layer + attention)


def num_adapted(shape: Shape, *, rank: int) -> int:
    """Count the parameters of low-rank adapters beside a model's linear layers.

    Parameters: `rank` of each; a linear layer of m inputs and n outputs has rank times (m + n).
    """
    attention = 4 * (shape.hidden + shape.attention)
    feed_forward = (3 if shape.is_gated else 2) * (shape.hidden + shape.intermediate)
    per_layer = attention + feed_forward
    return rank * (shape.layers * per_layer + shape.decoder_layers * (per_layer + attention))


def training_footprint(
    *, shape: Shape, batch_size: int, max_length: int, answer_length: int = 0, adapter_rank: int = 0
) -> Footprint:
    """Estimate what training a model takes in fp32.

    Parameters: `batch_size` rows of one step; `max_length` tokens of each and `answer_length` of a written answer, all
    of them used; `adapter_rank` of low-rank adapters, 0 where all weights are trained.
    Returns: an upper estimate, since batches are seldom as long as that and attention may keep less.
    """
    max_length += answer_length
    per_token = _FP32 * (_PER_HIDDEN * shape.hidden + _PER_HEAD * shape.heads * max_length)
    layers = shape.layers + shape.decoder_layers
    return Footprint(
        fixed=PROCESS_BYTES + _trained_bytes(shape, adapter_rank),
        activations=batch_size * (max_length * layers * per_token + answer_length * _per_written_token(shape)),
    )


def _trained_bytes(shape: Shape, adapter_rank: int) -> int:
    if not adapter_rank:
        return TRAINED_BYTES_PER_PARAMETER * num_parameters(shape)
    adapted = TRAINED_BYTES_PER_PARAMETER * num_adapted(shape, rank=adapter_rank)
    return ADAPTED_BYTES_PER_PARAMETER * num_parameters(shape) + adapted


def _per_written_token(shape: Shape) -> int:
    """Bytes of a number for each token of the vocabulary: the outputs, their logarithms, and the gradients."""
    return 3 * 4 * shape.vocabulary


def reading_footprint(*, shape: Shape, batch_size: int, max_length: int, answer_length: int = 0) -> Footprint:
    """Estimate what a forward pass takes in fp32: one layer's activations at a time. Parameters as for training."""
    max_length += answer_length
    per_token = _FP32 * (_PER_HIDDEN * shape.hidden + _PER_HEAD * shape.heads * max_length)
    return Footprint(
        fixed=PROCESS_BYTES + READ_BYTES_PER_PARAMETER * num_parameters(shape),
        activations=batch_size * max_length * per_token,
    )
