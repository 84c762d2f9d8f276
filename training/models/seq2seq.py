"""A T5-like model that generates its answers as text, instead of an encoder with a head.

Shapes: B rows, T tokens of their texts, L tokens of their answers, V tokens in the vocabulary, K of these, C labels.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from training.data import tail_log_sums
from training.losses import IGNORED, log_probs_with_rest
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


class TextToText(nn.Module):
    """Any Hugging Face encoder-decoder with a language-model head, trained by teacher forcing."""

    def __init__(self, *, language_model: nn.Module, codec: AnswerCodec) -> None:
        super().__init__()
        self.language_model = language_model
        self.codec = codec
        self.pooling = None
        config: Any = language_model.config
        self._start, self._pad = config.decoder_start_token_id, codec.tokenizer.pad_token_id

    @property
    def encoder(self) -> nn.Module:
        return self.language_model.get_encoder()  # type: ignore[operator, no-any-return]

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return the logits (U, V) of the answers' tokens row by row, or log-probabilities of the labels (B, C)."""
        hidden = self.read(inputs)
        if TARGETS not in inputs:
            return self.label_log_probs(hidden, inputs)
        targets_BL = inputs[TARGETS]
        return self._logits(hidden, inputs, targets_BL)[targets_BL != IGNORED]

    def read(self, inputs: dict[str, Tensor]) -> BaseModelOutput:
        """Return the encoder's hidden states (B, T, H) of a padded batch."""
        found = self.encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        return BaseModelOutput(last_hidden_state=found.last_hidden_state)

    def label_log_probs(self, hidden: BaseModelOutput, inputs: dict[str, Tensor]) -> Tensor:
        """Return how likely the model is to generate each label and end there, in nats, (B, C)."""
        device = inputs["input_ids"].device
        num_rows = len(inputs["input_ids"])
        columns: list[Tensor] = []
        for ids in self.codec.label_tokens:
            label_BL = torch.tensor(ids, device=device).expand(num_rows, -1)
            log_probs = F.log_softmax(self._logits(hidden, inputs, label_BL).float(), dim=-1)
            columns.append(log_probs.gather(-1, label_BL.unsqueeze(-1)).sum(dim=(1, 2)))
        return torch.stack(columns, dim=1)

    def generate(self, hidden: BaseModelOutput, inputs: dict[str, Tensor], *, num_top: int) -> GeneratedTokens:
        """Generate answers greedily, up to the end or the longest answer, keeping `num_top` tokens at each place."""
        mask = inputs["attention_mask"]
        latest_B = torch.full((len(mask),), self._start, device=mask.device)
        open_B = torch.ones_like(latest_B, dtype=torch.bool)
        cache: Any = None
        steps: list[tuple[Tensor, ...]] = []
        while len(steps) < self.codec.max_tokens and bool(open_B.any()):
            found = self.language_model(
                encoder_outputs=hidden,
                attention_mask=mask,
                decoder_input_ids=latest_B.unsqueeze(1),
                past_key_values=cache,
                use_cache=True,
            )
            cache = found.past_key_values
            log_probs_BV = F.log_softmax(found.logits[:, -1].float(), dim=-1)
            sure_B, best_B = log_probs_BV.max(dim=-1)
            top_ids_BK = log_probs_BV.topk(num_top, dim=-1).indices
            # Where no tokens are kept, nobody asks what the others weigh.
            top_BK1 = log_probs_with_rest(log_probs_BV, top_ids_BK) if num_top else sure_B[:, None]
            tails_BG = tail_log_sums(log_probs_BV, top_ids_BK) if num_top else sure_B[:, None]
            told = (best_B.masked_fill(~open_B, IGNORED), sure_B.masked_fill(~open_B, 0.0))
            steps.append((*told, top_ids_BK, top_BK1, tails_BG))
            latest_B = best_B.masked_fill(~open_B, self._pad)
            open_B = open_B & (best_B != self.codec.tokenizer.eos_token_id)
        tokens, log_probs, *top = (torch.stack(parts, dim=1) for parts in zip(*steps, strict=True))
        return GeneratedTokens(tokens=tokens, log_probs=log_probs, top_ids=top[0], top_log_probs=top[1], tails=top[2])

    def _logits(self, hidden: BaseModelOutput, inputs: dict[str, Tensor], answers_BL: Tensor) -> Tensor:
        seen_BL = answers_BL.masked_fill(answers_BL == IGNORED, self._pad).roll(1, dims=1)
        seen_BL[:, 0] = self._start
        found = self.language_model(
            encoder_outputs=hidden, attention_mask=inputs["attention_mask"], decoder_input_ids=seen_BL, use_cache=False
        )
        logits: Tensor = found.logits
        return logits
