"""A T5-like model that generates its answers as text, instead of an encoder with a head.

Shapes: B rows, T tokens of their texts, L tokens of their answers, V tokens in the vocabulary, K of these, C labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from training.data import tail_log_sums
from training.losses import IGNORED, log_probs_with_rest
from training.models.adapters import add_adapters, merge_adapters
from training.models.answer_codec import AnswerCodec

# The input that holds the answers which the model is taught, IGNORED behind their ends.
TARGETS = "target_ids"


@dataclass(frozen=True, kw_only=True)
class GeneratedTokens:
    """What a model generated for B rows: tokens (B, L), IGNORED behind their ends, with the log-probability of each.

    `top_ids` (B, L, K) are the likeliest tokens at each place; `top_log_probs` (B, L, K + 1) ends with all others'
    together, and `tails` (B, L, G) has what those sum to at each of TAIL_TEMPERATURES.
    """

    tokens: Tensor
    log_probs: Tensor
    top_ids: Tensor
    top_log_probs: Tensor
    tails: Tensor


class AnswerSteps(Protocol):
    """Answers of a batch that are being written, a token at a time."""

    def next_logits(self, latest_B: Tensor | None) -> Tensor:
        """Return the logits (B, V) of the next token, given the one that was written last; None before the first."""

    def keep(self, is_kept_B: Tensor) -> None:
        """Go on with some of the rows alone."""


class TextToText(nn.Module):
    """Any Hugging Face encoder-decoder with a language-model head, trained by teacher forcing."""

    def __init__(self, *, language_model: nn.Module, codec: AnswerCodec) -> None:
        super().__init__()
        self.language_model = language_model
        self.codec = codec
        self.pooling = None
        self.has_adapters = False
        config: Any = language_model.config
        # A decoder alone starts from its prompt.
        self._start: Any = getattr(config, "decoder_start_token_id", None)
        self._pad: int = codec.tokenizer.pad_token_id

    @property
    def encoder(self) -> nn.Module:
        return self.language_model.get_encoder()  # type: ignore[operator, no-any-return]

    def adapt(self, rank: int) -> None:
        """Train low-rank adapters from now on, and nothing else."""
        add_adapters(language_model=self.language_model, rank=rank)
        self.has_adapters = True

    def merge(self) -> None:
        """End an adaptation: its adapters become part of the weights."""
        merge_adapters(self.language_model)
        self.has_adapters = False

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the logits (U, V) of the answers' tokens row by row, or log-probabilities of the labels (B, C)."""
        hidden = self.read(inputs)
        if TARGETS not in inputs:
            return self.label_log_probs(hidden, inputs)
        targets_BL = inputs[TARGETS]
        return self._logits(hidden, inputs, targets_BL)[targets_BL != IGNORED]

    def read(self, inputs: dict[str, Tensor]) -> Any:
        """Return the encoder's hidden states (B, T, H) of a padded batch."""
        found = self.encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        return BaseModelOutput(last_hidden_state=found.last_hidden_state)

    def label_log_probs(self, hidden: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Return how likely the model is to generate each label and end there, in nats, (B, C)."""
        device = inputs["input_ids"].device
        num_rows = len(inputs["input_ids"])
        columns: list[Tensor] = []
        for ids in self.codec.label_tokens:
            label_BL = torch.tensor(ids, device=device).expand(num_rows, -1)
            log_probs = F.log_softmax(self._logits(hidden, inputs, label_BL).float(), dim=-1)
            columns.append(log_probs.gather(-1, label_BL.unsqueeze(-1)).sum(dim=(1, 2)))
        return torch.stack(columns, dim=1)

    def generate(
        self, hidden: Any, inputs: dict[str, Tensor], *, num_top: int, draws_BL: Tensor | None = None
    ) -> GeneratedTokens:
        """Generate answers up to the end or the longest answer, keeping `num_top` tokens at each place.

        Each token is the likeliest or, given numbers of 0 to 1 for each place, drawn by them from the distribution.
        """
        answer = self.begin(hidden, inputs)
        latest_B: Tensor | None = None
        row_B = torch.arange(len(inputs["attention_mask"]), device=inputs["attention_mask"].device)
        num_rows, steps = len(row_B), list[_Step]()
        while len(steps) < self.codec.max_tokens and len(row_B):
            draw_B = None if draws_BL is None else draws_BL[:, len(steps)].to(row_B.device)[row_B]
            steps.append(_Step.of(answer.next_logits(latest_B), row_B=row_B, draw_B=draw_B, num_top=num_top))
            latest_B = steps[-1].tokens_B
            is_open_B = latest_B != self.codec.tokenizer.eos_token_id
            if not bool(is_open_B.all()):
                # One long answer would otherwise have all others written on in vain.
                answer.keep(is_open_B)
                row_B, latest_B = row_B[is_open_B], latest_B[is_open_B]
        return _joined(steps, num_rows)

    def begin(self, hidden: Any, inputs: dict[str, Tensor]) -> "AnswerSteps":
        """Begin to write the answers of a batch that was read."""
        return _DecoderSteps(self.language_model, hidden, inputs["attention_mask"], start=self._start)

    def _logits(self, hidden: Any, inputs: dict[str, Tensor], answers_BL: Tensor) -> Tensor:
        """Return the logits (B, L, V) of each token of answers, given those before it."""
        seen_BL = answers_BL.masked_fill(answers_BL == IGNORED, self._pad).roll(1, dims=1)
        seen_BL[:, 0] = self._start
        found = self.language_model(
            encoder_outputs=hidden, attention_mask=inputs["attention_mask"], decoder_input_ids=seen_BL, use_cache=False
        )
        logits: Tensor = found.logits
        return logits


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One token of the B rows that are still written, numbered by `row_B`; otherwise as GeneratedTokens."""

    row_B: Tensor
    tokens_B: Tensor
    log_probs_B: Tensor
    top_ids_BK: Tensor
    top_log_probs_BK: Tensor
    tails_BG: Tensor

    @classmethod
    def of(cls, logits_BV: Tensor, *, row_B: Tensor, draw_B: Tensor | None, num_top: int) -> Self:
        """Take the likeliest token of each row, or draw it by a number of 0 to 1."""
        log_probs_BV = F.log_softmax(logits_BV.float(), dim=-1)
        tokens_B = log_probs_BV.argmax(dim=-1) if draw_B is None else drawn(log_probs_BV, draw_B)
        sure_B = log_probs_BV.gather(-1, tokens_B[:, None]).squeeze(-1)
        top_ids_BK = log_probs_BV.topk(num_top, dim=-1).indices
        # Where no tokens are kept, nobody asks what the others weigh.
        return cls(
            row_B=row_B,
            tokens_B=tokens_B,
            log_probs_B=sure_B,
            top_ids_BK=top_ids_BK,
            top_log_probs_BK=log_probs_with_rest(log_probs_BV, top_ids_BK) if num_top else sure_B[:, None],
            tails_BG=tail_log_sums(log_probs_BV, top_ids_BK) if num_top else sure_B[:, None],
        )


def _joined(steps: Sequence[_Step], num_rows: int) -> GeneratedTokens:
    def whole(name: str, fill: float) -> Tensor:
        first: Tensor = getattr(steps[0], name)
        found = first.new_full((num_rows, len(steps), *first.shape[1:]), fill)
        for place, step in enumerate(steps):
            found[step.row_B, place] = getattr(step, name)
        return found

    return GeneratedTokens(
        tokens=whole("tokens_B", IGNORED),
        log_probs=whole("log_probs_B", 0.0),
        top_ids=whole("top_ids_BK", 0),
        top_log_probs=whole("top_log_probs_BK", 0.0),
        tails=whole("tails_BG", 0.0),
    )


class _DecoderSteps:
    """The decoder of an encoder-decoder at work, with what it computed for earlier tokens."""

    def __init__(self, language_model: nn.Module, hidden: BaseModelOutput, mask_BT: Tensor, *, start: Any) -> None:
        self._language_model, self._mask_BT = language_model, mask_BT
        self._hidden: Any = hidden
        self._start = start
        self._cache: Any = None

    def next_logits(self, latest_B: Tensor | None) -> Tensor:
        if latest_B is None:
            latest_B = torch.full((len(self._mask_BT),), self._start, device=self._mask_BT.device)
        found = self._language_model(
            encoder_outputs=self._hidden,
            attention_mask=self._mask_BT,
            decoder_input_ids=latest_B.unsqueeze(1),
            past_key_values=self._cache,
            use_cache=True,
        )
        self._cache = found.past_key_values
        logits_BV: Tensor = found.logits[:, -1]
        return logits_BV

    def keep(self, is_kept_B: Tensor) -> None:
        self._hidden = BaseModelOutput(last_hidden_state=self._hidden.last_hidden_state[is_kept_B])
        self._mask_BT = self._mask_BT[is_kept_B]
        self._cache.batch_select_indices(is_kept_B.nonzero().squeeze(-1))


def drawn(log_probs_BV: Tensor, draw_B: Tensor) -> Tensor:
    """Draw a token of each distribution by a number of 0 to 1: the first whose cumulated probability is above it."""
    cumulated_BV = log_probs_BV.exp().cumsum(dim=-1)
    # Rounding leaves the last sum beside 1: a number above it would name a token that there is not.
    place_B1 = torch.searchsorted(cumulated_BV, draw_B[:, None] * cumulated_BV[:, -1:], right=True)
    return place_B1.squeeze(-1).clamp(max=log_probs_BV.shape[-1] - 1)
