"""A Llama-like model that reads a prompt and goes on with its answer.

Shapes: B rows, T tokens of their prompts, L tokens of their answers, V tokens in the vocabulary.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.losses import IGNORED
from training.models.seq2seq import AnswerSteps, TextToText


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Prompts of a batch, filled up on the left, so that all answers begin at the same place: ids and mask (B, T)."""

    ids_BT: Tensor
    mask_BT: Tensor


class DecoderOnly(TextToText):
    """Any Hugging Face causal language model; its loss is over the tokens of answers, never over those of prompts."""

    @property
    def encoder(self) -> nn.Module:
        return self.language_model.base_model  # type: ignore[return-value]

    def read(self, inputs: dict[str, Tensor]) -> Prompts:
        """Move what fills the rows of a batch to their left."""
        ids_BT, mask_BT = inputs["input_ids"], inputs["attention_mask"]
        width = ids_BT.shape[1]
        behind_B1 = width - mask_BT.sum(dim=1, keepdim=True)
        place_BT = (torch.arange(width, device=ids_BT.device) - behind_B1) % max(width, 1)
        return Prompts(ids_BT=ids_BT.gather(1, place_BT), mask_BT=mask_BT.gather(1, place_BT))

    def begin(self, hidden: Prompts, inputs: dict[str, Tensor]) -> AnswerSteps:
        return _Continuation(self.language_model, hidden)

    def _logits(self, hidden: Prompts, inputs: dict[str, Tensor], answers_BL: Tensor) -> Tensor:
        is_real_BL = answers_BL != IGNORED
        mask_BS = torch.cat([hidden.mask_BT, is_real_BL.to(hidden.mask_BT.dtype)], dim=1)
        found = self.language_model(
            input_ids=torch.cat([hidden.ids_BT, answers_BL.masked_fill(~is_real_BL, self._pad)], dim=1),
            attention_mask=mask_BS,
            position_ids=positions(mask_BS),
            use_cache=False,
            # Those of a prompt's tokens would fill the memory, and nobody asks for them.
            logits_to_keep=answers_BL.shape[1] + 1,
        )
        logits: Tensor = found.logits[:, :-1]
        return logits


class _Continuation:
    """A causal model at work behind its prompts, with what it computed for earlier tokens."""

    def __init__(self, language_model: nn.Module, prompts: Prompts) -> None:
        self._language_model = language_model
        self._ids_BT, self._mask_BS = prompts.ids_BT, prompts.mask_BT
        self._cache: Any = None

    def next_logits(self, latest_B: Tensor | None) -> Tensor:
        ids, places = self._ids_BT, positions(self._mask_BS)
        if latest_B is not None:
            self._mask_BS = torch.cat([self._mask_BS, torch.ones_like(self._mask_BS[:, :1])], dim=1)
            ids, places = latest_B[:, None], positions(self._mask_BS)[:, -1:]
        found = self._language_model(
            input_ids=ids,
            attention_mask=self._mask_BS,
            position_ids=places,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._cache = found.past_key_values
        logits_BV: Tensor = found.logits[:, -1]
        return logits_BV

    def keep(self, is_kept_B: Tensor) -> None:
        self._mask_BS = self._mask_BS[is_kept_B]
        self._cache.batch_select_indices(is_kept_B.nonzero().squeeze(-1))


def positions(mask_BS: Tensor) -> Tensor:
    """Count each row's tokens from its first real one; what fills a row has the place 0."""
    return (mask_BS.long().cumsum(dim=1) - 1).clamp(min=0)
