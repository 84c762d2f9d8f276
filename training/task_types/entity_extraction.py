"""One text, the entities in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.compat import NUM_COMPAT_COUNTS, compat_f1, compat_tally
from training.copying import remembered_spans
from training.failures import PermanentFailure
from training.spans import (
    WORD_TOKENS,
    Span,
    Word,
    checked_spans,
    chosen_segmentation,
    first_tokens,
    spans_in,
    spans_of,
    tags_of,
    words_of,
    written,
)
from training.tally import Floats, Item, Tally, f1_scores, side_by_side
from training.task_types.base import Baseline, Encoded, TaskType, most_frequent
from training.text_forms import entities_written, spans_written
from training.tokens import cut

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classifier import EncoderClassifier
    from training.data import Rows
    from training.units import Outputs, Units


class TokenizerUnusable(PermanentFailure):
    """A tokenizer cannot say which characters its tokens cover."""


class EntityExtraction(TaskType):
    """Finds spans of a text and gives each a label; an answer is a JSON list of spans with start, end and label.

    A unit is a word, or with `segmentation` "character" a character, answered for by its first token; the outputs are
    tags: outside, and for each label begin and inside. What a cut text hides has no unit, and its gold entities count
    as missed.
    """

    name = "entity_extraction"
    title = "Entity extraction"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    metrics = ("micro_f1", "macro_f1", "accuracy", "compat_f1")
    unit = "word"
    min_labels = 1

    def __init__(self, segmentation: str = "word") -> None:
        self.segmentation = segmentation

    def segmented(self, segmentation: str) -> EntityExtraction:
        """Return the same task type over words or over characters; see TaskType.segmented."""
        return EntityExtraction(segmentation)

    def segmentation_for(self, *, columns: Mapping[str, Sequence[str]], gold: Sequence[str]) -> str:
        """Choose by where the gold spans begin and end; see TaskType.segmentation_for."""
        return chosen_segmentation(texts=columns["text"], answers=gold)

    def words_of(self, text: str) -> list[Word]:
        """Return the units of a text."""
        return words_of(text, self.segmentation)

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Tokenise the text and find each word's first token; see TaskType.encode.

        Raises
        ------
        TokenizerUnusable: it is none of the fast ones, which alone know their tokens' characters.
        """
        if not tokenizer.is_fast:
            raise TokenizerUnusable(
                f"Entity extraction needs a fast tokenizer, {type(tokenizer).__name__} is none. Save one with "
                "tokenizer.json, or take another model."
            )
        texts = list(columns["text"])
        encoded = cut(
            tokenizer, texts, truncation=True, max_length=max_length, padding=False, return_offsets_mapping=True
        )
        offsets = encoded.pop("offset_mapping")
        encoded[WORD_TOKENS] = [
            first_tokens(words=self.words_of(text), offsets=places) for text, places in zip(texts, offsets, strict=True)
        ]
        names = list(encoded.keys())
        return [dict(zip(names, row, strict=True)) for row in zip(*(encoded[name] for name in names), strict=True)]

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        """Put a linear head with one output per tag on the encoder's tokens; see TaskType.build."""
        from training.classifier import EncoderTagger

        return EncoderTagger(encoder=encoder, num_outputs=len(self.output_names(labels)))

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return the tags: O, then B and I of each label; see TaskType.output_names."""
        return ("O", *(f"{part}-{label}" for label in labels for part in "BI"))

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        """Make sure that each is a list of spans of its text; see TaskType.read_gold."""
        place = _places(labels)
        return [
            written(checked_spans(gold=value, text=text, labels=place, row=row))
            for row, (value, text) in enumerate(zip(gold, columns["text"], strict=True))
        ]

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Return each word's tag, int64 (U,); see TaskType.targets."""
        import torch

        from training.losses import IGNORED

        place = _places(labels)
        tags: list[int] = []
        for text, answer, count in zip(rows.columns["text"], rows.answers(), units.count_N.tolist(), strict=True):
            if answer is None:
                tags += [IGNORED] * count
            else:
                tags += tags_of(words=self.words_of(text)[:count], spans=spans_in(answer), labels=place)
        return torch.tensor(tags, dtype=torch.int64)

    def decode(self, *, outputs: Outputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Return the spans of each word's likeliest tag, None where an output is no number; see TaskType.decode."""
        return [self._answer(outputs.row(row), text, labels) for row, text in enumerate(rows.columns["text"])]

    def _answer(self, values_WC: npt.NDArray[np.float32], text: str, labels: Sequence[str]) -> str | None:
        unseen_W = np.atleast_1d(np.isneginf(values_WC).all(axis=1))
        if not np.isfinite(values_WC[~unseen_W]).all():
            return None
        best = values_WC.argmax(axis=1).tolist()
        tags = [None if unseen else tag for tag, unseen in zip(best, unseen_W, strict=True)]
        return written(spans_of(words=self.words_of(text)[: len(tags)], tags=tags, labels=labels))

    def probabilities(self, *, outputs: Outputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return, per label, the highest probability that any one word is part of it; see TaskType.probabilities."""
        import torch

        highest = np.zeros((len(outputs), len(labels)), dtype=np.float32)
        tag_UC = torch.softmax(torch.from_numpy(outputs.values_UC), dim=-1).numpy()
        label_UL = tag_UC[:, 1:].reshape(len(tag_UC), len(labels), 2).sum(axis=2)
        # A word that no model sees has no probability, which is no reason to have none for the text.
        label_UL[np.isneginf(outputs.values_UC).all(axis=1)] = 0
        for row in range(len(outputs)):
            highest[row] = label_UL[outputs.bounds[row] : outputs.bounds[row + 1]].max(axis=0, initial=0)
        return highest

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        """Write each entity's words and its label in brackets; see TaskType.as_text."""
        return entities_written(text=text, spans=spans_in(answer), labels=labels)

    def from_text(self, *, said: str, text: str, names: Mapping[str, str]) -> str | None:
        """Find the entities in the text; see TaskType.from_text."""
        spans = spans_written(said=said, text=text, names=names)
        return None if spans is None else written(spans)

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """Return each label as an entity of its own name; see TaskType.written_samples."""
        return [(label, written([Span(0, len(label), label)])) for label in labels]

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return each span: right only with exactly its characters and its label; see TaskType.items."""
        return frozenset((place[span.label], span.start, span.end) for span in spans_in(answer))

    def is_varied(self, gold: Sequence[str]) -> bool:
        """Say whether there is an entity at all; words beside it are in every text."""
        return any(spans_in(answer) for answer in gold)

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> Tally:
        """Count spans, and what the study's own scorer counts; see TaskType.tally."""
        spans = super().tally(rows=rows, predicted=predicted, labels=labels)
        return side_by_side(spans, compat_tally(texts=rows.columns["text"], gold=rows.labelled(), predicted=predicted))

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Return exact span F1, the share of texts that are wholly right, and compat_f1; see TaskType.score."""
        spans_RK, compat_RK = totals_RK[:, :-NUM_COMPAT_COUNTS], totals_RK[:, -NUM_COMPAT_COUNTS:]
        return {**f1_scores(spans_RK), "compat_f1": compat_f1(compat_RK)}

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, Baseline]:
        """Answer test rows without any training.

        Parameters
        ----------
        train
            rows with gold answers.
        test
            rows with gold answers.
        labels
            the study's labels.

        Returns
        -------
        By name: `majority`, no entity, since most words are in none; `every_word`, each word an entity of the label
        that is most frequent in the training data; `copy`, what is an entity in the training data, wherever it occurs.
        """
        train_gold = train.labelled()
        found = [span.label for answer in train_gold for span in spans_in(answer)]
        label = most_frequent(found, labels) if found else labels[0]
        copied = remembered_spans(train=train.columns["text"], train_gold=train_gold, test=test.columns["text"])
        return {
            "majority": _no_entity(test),
            "every_word": self._every_word(test, label),
            "copy": Baseline(label="entities of the training data", predicted=copied),
        }

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[Baseline]:
        """Return no entity, and each word as one of the label that is most frequent on test; see TaskType.constants."""
        found = [span.label for answer in test.labelled() for span in spans_in(answer)]
        label = most_frequent(found, labels) if found else labels[0]
        return [_no_entity(test), replace(self._every_word(test, label), label=f"every {self.segmentation}: {label}")]

    def _every_word(self, rows: Rows, label: str) -> Baseline:
        words = [(Span(*word, label) for word in self.words_of(text)) for text in rows.columns["text"]]
        return Baseline(label=label, predicted=[written(spans) for spans in words])


def _no_entity(rows: Rows) -> Baseline:
    return Baseline(label="no entity", predicted=[written([])] * len(rows))


def _places(labels: Sequence[str]) -> dict[str, int]:
    return {label: index for index, label in enumerate(labels)}
