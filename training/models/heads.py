"""An encoder with a linear head over its pooled tokens, or over each word's first token."""

import math
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from training.answers import NO_TOKEN, WORD_TOKENS
from training.data import FROZEN_STATES, PLACES, split_pair
from training.models.frozen import run_encoder, upper_part
from training.models.layers import keep_frozen_in_eval, num_frozen_layers

HEAD_DROPOUT = 0.1
# Of a head file, beside the weights of the head.
CENTRE = "centre"
# Of parameters, where a classifier is part of a larger module.
OF_CLASSIFIER = "classifier."


class EncoderClassifier(nn.Module):
    """Any Hugging Face encoder, its unpadded tokens pooled into one vector, with one linear layer on top.

    With a `centre` (H,), it is taken from each vector, which is then scaled to one length; see scaled_units.
    """

    vectors_per_unit = 1
    centre: Tensor | None

    def __init__(self, *, encoder: nn.Module, num_outputs: int, pooling: str = "mean") -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.width: int = encoder.config.hidden_size  # type: ignore[union-attr, assignment]
        self.head = nn.Linear(self.vectors_per_unit * self.width, num_outputs)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("centre", None)

    def start_from(self, *, centre_H: Tensor, weight_CF: Tensor, bias_C: Tensor) -> None:
        """Take over a head on scaled, centred vectors, of pairs on `pair_features` of them."""
        self.load_head({CENTRE: centre_H, "weight": weight_CF, "bias": bias_C})

    def head_state(self) -> dict[str, Tensor]:
        """Return the weights of the head and, where there is one, the centre, on the CPU in fp32."""
        centre = {} if self.centre is None else {CENTRE: self.centre.detach().to("cpu", torch.float32).contiguous()}
        return {**state_in_fp32(self.head), **centre}

    def load_head(self, state: dict[str, Tensor]) -> None:
        """Take over what `head_state` returned. Raises: RuntimeError (shapes differ)."""
        weights = {name: tensor for name, tensor in state.items() if name != CENTRE}
        self.head.load_state_dict(weights)
        centre_H = state.get(CENTRE)
        if centre_H is not None and centre_H.shape != (self.width,):
            raise RuntimeError(f"the centre has the shape {tuple(centre_H.shape)} instead of ({self.width},)")
        self.centre = None if centre_H is None else centre_H.to(self.head.weight)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return logits (U, C)."""
        return self.logits(self.vectors(inputs))

    def logits(self, vectors_UH: Tensor) -> Tensor:
        """Return the head's logits (U, C) of what `vectors` gave."""
        logits_UC: Tensor = self.head(self.dropout(vectors_UH))
        return logits_UC

    def vectors(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return what the head reads of each unit, (U, H).

        Where FROZEN_STATES (B, T, H) are among the inputs, frozen layers are not run again.
        """
        frozen_BTH = inputs.get(FROZEN_STATES)
        encoder = self.encoder if frozen_BTH is None else upper_part(self.encoder, num_frozen_layers(self.encoder))
        hidden_BTH = run_encoder(encoder, inputs, frozen_BTH)
        return self.centred(self.units(hidden_BTH, inputs))

    def centred(self, vectors_UH: Tensor) -> Tensor:
        """Take the centre from vectors (U, H) and scale them; without a centre they stay as they are."""
        return vectors_UH if self.centre is None else scaled_units(vectors_UH - self.centre)

    def graph_outputs(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return outputs whose place depends on no text, as an exported graph has them: the logits, (B, C)."""
        return self(inputs)  # type: ignore[no-any-return]

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        keep_frozen_in_eval(self.encoder)
        return self

    def units(self, hidden_BTH: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        """Return the hidden state of each unit, here of each row, (B, H)."""
        return POOLERS[self.pooling](hidden_BTH, inputs["attention_mask"])


class EncoderTagger(EncoderClassifier):
    """Any Hugging Face encoder with one linear layer on each word's first token."""

    def units(self, hidden_BTH: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        """Return the hidden state of each word that has a token, row by row, (U, H)."""
        return at_words(hidden_BTH, inputs[WORD_TOKENS])

    def graph_outputs(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the logits of every token, (B, T, C), of which `at_words` takes those of words."""
        logits_BTC: Tensor = self.head(self.centred(run_encoder(self.encoder, inputs)))
        return logits_BTC


class AnswerMarker(EncoderClassifier):
    """Any Hugging Face encoder with one linear layer on each token of a passage: how likely an answer starts, and ends.

    As in Devlin et al., "BERT", 2019, section 4.2. An answer has at most `answer_length` tokens.
    """

    answer_length = 1

    def units(self, hidden_BTH: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        """Return the hidden state of each token that can be marked, row by row, (U, H)."""
        return at_places(hidden_BTH, inputs[PLACES])

    def graph_outputs(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the start and the end logits of every token, (B, T) each, of which `at_places` takes the passage's."""
        logits_BT2: Tensor = self.head(run_encoder(self.encoder, inputs))
        starts_BT, ends_BT = logits_BT2.unbind(dim=-1)
        return starts_BT, ends_BT


class BiEncoder(EncoderClassifier):
    """Any Hugging Face encoder that reads each text of a pair by itself, with one linear layer on both.

    After Reimers and Gurevych, 2019 (Sentence-BERT): of u and v, the means over the tokens of each text, scaled to
    one length, the layer is given u, v, |u - v| and u * v.
    """

    vectors_per_unit = 4

    def __init__(self, *, encoder: nn.Module, num_outputs: int, pooling: str) -> None:
        super().__init__(encoder=encoder, num_outputs=num_outputs, pooling=pooling)
        # Four vectors drawn at random drown what a few labels say; from zero, a linear layer learns as well.
        nn.init.zeros_(self.head.weight)

    def logits(self, vectors_UH: Tensor) -> Tensor:
        u_BH, v_BH = vectors_UH.unbind(dim=1)
        return super().logits(torch.cat([u_BH, v_BH, (u_BH - v_BH).abs(), u_BH * v_BH], dim=-1))

    def vectors(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the vectors of both texts of each pair, (B, 2, H)."""
        return torch.stack([self._vector(side) for side in split_pair(inputs)], dim=1)

    def _vector(self, side: dict[str, Tensor]) -> Tensor:
        mean_BH = mean_over_tokens(run_encoder(self.encoder, side), side["attention_mask"])
        return scaled_units(mean_BH if self.centre is None else mean_BH - self.centre)


class LogitsAndVectors(nn.Module):
    """A classifier of whole rows that gives, behind its logits, the vectors that its head reads, (B, C + S * K).

    S is 2 of a bi-encoder, else 1. A `projection` maps H dimensions to another encoder's K; without one, K is H.
    """

    def __init__(self, classifier: EncoderClassifier, projection: nn.Linear | None = None) -> None:
        super().__init__()
        self.classifier = classifier
        self.projection = projection

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        vectors = self.classifier.vectors(inputs)
        shown = vectors if self.projection is None else self.projection(vectors)
        return torch.cat([self.classifier.logits(vectors).float(), shown.flatten(start_dim=1).float()], dim=-1)


class PairCosine(nn.Module):
    """The cosine of two texts' vectors, as a classifier of single texts reads them; its head has no part in it."""

    def __init__(self, classifier: EncoderClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the cosines (B,) of pairs that were encoded apart."""
        u_BH, v_BH = (self.classifier.vectors(side) for side in split_pair(inputs))
        return nn.functional.cosine_similarity(u_BH.float(), v_BH.float(), dim=-1)


def scaled_units(vectors_UH: Tensor) -> Tensor:
    """Scale vectors to the length of the root of their width: a dimension is then about 1, as a head's rate expects."""
    return nn.functional.normalize(vectors_UH.float(), dim=-1) * math.sqrt(vectors_UH.shape[-1])


def at_words(values_BTX: Tensor, token_BW: Tensor) -> Tensor:
    """Take what stands at each word's first token, row by row, (U, X); a word without a token has none."""
    row, word = torch.nonzero(token_BW != NO_TOKEN, as_tuple=True)
    return values_BTX[row, token_BW[row, word]]


def at_places(values_BTX: Tensor, place_BT: Tensor) -> Tensor:
    """Take what stands at each token that can be marked, row by row, (U, X)."""
    return values_BTX[place_BT != NO_TOKEN]


def mean_over_tokens(hidden_BTH: Tensor, mask_BT: Tensor) -> Tensor:
    """Average the hidden states (B, T, H) of real tokens, (B, H); there is at least one in each row."""
    weight_BT1 = mask_BT.unsqueeze(-1).to(hidden_BTH.dtype)
    return (hidden_BTH * weight_BT1).sum(dim=1) / weight_BT1.sum(dim=1)


def first_token(hidden_BTH: Tensor, mask_BT: Tensor) -> Tensor:
    """Take each row's first real token, (B, H)."""
    return hidden_BTH[torch.arange(len(hidden_BTH), device=hidden_BTH.device), mask_BT.long().argmax(dim=1)]


def max_over_tokens(hidden_BTH: Tensor, mask_BT: Tensor) -> Tensor:
    """Take the largest value of each dimension over the real tokens, (B, H)."""
    return hidden_BTH.masked_fill(mask_BT.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)


POOLERS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": mean_over_tokens,
    "first": first_token,
    "max": max_over_tokens,
}


def parameter_groups(
    *, model: nn.Module, learning_rate: float, head_factor: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Split trainable parameters into groups for AdamW: a rate of its own for the head, decay for matrices only."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_head = name.removeprefix(OF_CLASSIFIER).startswith("head.")
            rate = learning_rate * (head_factor if is_head else 1.0)
            decay = weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "peak_rate": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def state_in_fp32(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's weights on the CPU in fp32."""
    return {k: v.detach().to("cpu", torch.float32).contiguous() for k, v in module.state_dict().items()}
