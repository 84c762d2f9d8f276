"""One output per tag (outside; begin and inside of each label) for each word, answered for by its first token."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import (
    WORD_TOKENS,
    Rows,
    Word,
    first_tokens,
    spans_from_json,
    spans_of,
    spans_to_json,
    tags_of,
    words_of,
)
from training.data import Encoded, ModelOutputs, Units, tokenise
from training.learners.base import TaskLearner
from training.learners.likeliest_tags import likeliest_by, likeliest_tags
from training.learners.text_classification import by_row
from training.losses import IGNORED
from training.models import EncoderClassifier, EncoderTagger
from training.runtime import PermanentFailure


class TokenizerUnusable(PermanentFailure):
    """A tokenizer cannot say which characters its tokens cover."""


class EntityExtractionLearner(TaskLearner):
    """Learns the tag of each word; what a cut text hides has no unit, and its gold entities count as missed."""

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Tokenise the text and find each word's first token. Raises: TokenizerUnusable."""
        if not tokenizer.is_fast:
            raise TokenizerUnusable(
                f"Entity extraction needs a fast tokenizer, {type(tokenizer).__name__} is none. Save one with "
                "tokenizer.json, or take another model."
            )
        texts = list(columns["text"])
        encoded = tokenise(
            tokenizer, texts, truncation=True, max_length=max_length, padding=False, return_offsets_mapping=True
        )
        offsets = encoded.pop("offset_mapping")
        encoded[WORD_TOKENS] = [
            first_tokens(words=self._words(text), offsets=places) for text, places in zip(texts, offsets, strict=True)
        ]
        return by_row(encoded)

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        return EncoderTagger(encoder=encoder, num_outputs=len(self.task_type.output_names(labels)))

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        place = {label: index for index, label in enumerate(labels)}
        tags: list[int] = []
        for text, answer, count in zip(rows.columns["text"], rows.answers(), units.count_N.tolist(), strict=True):
            if answer is None:
                tags += [IGNORED] * count
            else:
                tags += tags_of(words=self._words(text)[:count], spans=spans_from_json(answer), labels=place)
        return torch.tensor(tags, dtype=torch.int64)

    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        return [self._answer(outputs.row(row), text, labels) for row, text in enumerate(rows.columns["text"])]

    def _answer(self, values_WC: npt.NDArray[np.float32], text: str, labels: Sequence[str]) -> str | None:
        unseen_W = np.atleast_1d(np.isneginf(values_WC).all(axis=1))
        seen_WC = values_WC[~unseen_W]
        if not np.isfinite(seen_WC).all():
            return None
        likeliest = iter(self._likeliest(seen_WC))
        tags = [None if unseen else next(likeliest) for unseen in unseen_W]
        return spans_to_json(spans_of(words=self._words(text)[: len(tags)], tags=tags, labels=labels))

    def _likeliest(self, values_WC: npt.NDArray[np.float32]) -> list[int]:
        if self.transitions is None:
            return likeliest_tags(values_WC)
        return likeliest_by(values_WC, scores_BC=self.transitions.scores_BC)

    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return, per label, the highest probability that any one word is part of it."""
        highest = np.zeros((len(outputs), len(labels)), dtype=np.float32)
        tag_UC = torch.softmax(torch.from_numpy(outputs.values_UC), dim=-1).numpy()
        label_UL = tag_UC[:, 1:].reshape(len(tag_UC), len(labels), 2).sum(axis=2)
        # A word that no model sees has no probability, which is no reason to have none for the text.
        label_UL[np.isneginf(outputs.values_UC).all(axis=1)] = 0
        for row in range(len(outputs)):
            highest[row] = label_UL[outputs.bounds[row] : outputs.bounds[row + 1]].max(axis=0, initial=0)
        return highest

    def _words(self, text: str) -> list[Word]:
        return words_of(text, self.task_type.segmentation)
