"""What a kind of machine-learning problem must be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.copying import NOTHING_ALIKE, most_alike
from training.settings import POOLINGS
from training.tally import Floats, Item, Tally, f1_scores, tally_items

# Web processes look task types up too; torch would cost each of them seconds and hundreds of megabytes.
if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classifier import EncoderClassifier
    from training.data import Rows
    from training.units import Outputs, Units

Encoded = dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Answers that no training is needed for; `label` is the one that all of them are, or says what they are."""

    label: str
    predicted: list[str]


class TaskType(ABC):
    """One kind of problem; a new one is a new file here and a line in `TASK_TYPES`.

    An answer, gold or predicted, is a text in one form per task type, so that equal answers are equal texts: the label
    itself, or JSON. A model gives C outputs per unit; a unit is a row or a word of it. Losses are sums over terms: one
    per unit, or one per unit and label where labels do not exclude each other.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    input_fields: ClassVar[tuple[str, ...]]
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "micro_f1")
    unit: ClassVar[str] = "row"
    poolings: ClassVar[tuple[str, ...]] = POOLINGS
    min_labels: ClassVar[int] = 2
    # Of a text into units, where a unit is a word of it.
    segmentation: str = "word"

    def segmented(self, segmentation: str) -> TaskType:
        """Return the same task type with the units of one of training.spans.SEGMENTATIONS; without words, itself."""
        return self

    def segmentation_for(self, *, columns: Mapping[str, Sequence[str]], gold: Sequence[str]) -> str:
        """Choose the segmentation in which training rows can be learned.

        Parameters
        ----------
        columns
            the rows' texts.
        gold
            their answers.

        Returns
        -------
        One of training.spans.SEGMENTATIONS.
        """
        return "word"

    @abstractmethod
    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Turn rows of text into token ids.

        Parameters
        ----------
        tokenizer
            a Hugging Face tokenizer.
        columns
            one sequence of N strings per input field.
        max_length
            tokens at most; longer text is cut.
        pooling
            one of `poolings`.

        Returns
        -------
        N encodings, unpadded; where a unit is a word, with its token's position under `WORD_TOKENS`.
        """

    @abstractmethod
    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        """Put this task type's head on an encoder.

        Parameters
        ----------
        encoder
            a pre-trained encoder.
        labels
            the study's labels.
        pooling
            one of `poolings`; means nothing where each word is answered for by a token.

        Returns
        -------
        A module from padded inputs to the outputs (B, C) of the units of a batch that can be seen.
        """

    @abstractmethod
    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        """Check gold labels and bring them into the one form.

        Parameters
        ----------
        gold
            N values of a dataset's label column.
        columns
            the rows' texts.
        labels
            the study's labels.

        Returns
        -------
        N answers.

        Raises
        ------
        GoldInvalid: a value is no answer, with the number of its row.
        """

    @abstractmethod
    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Turn gold answers into training targets.

        Parameters
        ----------
        rows
            N rows; a gold answer may be None.
        units
            of these rows.
        labels
            the study's labels.

        Returns
        -------
        One target per unit (U,), or one per unit and label (U, C); IGNORED where there is no gold answer.
        """

    @abstractmethod
    def decode(self, *, outputs: Outputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Turn outputs into answers.

        Parameters
        ----------
        outputs, rows
            of N rows.
        labels
            the study's labels.

        Returns
        -------
        N answers; None where the output is no answer, which is a failure of its own and never the first class.
        """

    @abstractmethod
    def probabilities(self, *, outputs: Outputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return, per row and label, how probable it is that the answer has this label, (N, number of labels)."""

    @abstractmethod
    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return what an answer consists of, each with its label's place, for counting."""

    @abstractmethod
    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        """Write an answer as a text-to-text model is to write it.

        Parameters
        ----------
        answer
            gold or predicted.
        text
            the example's first input field.
        labels
            the study's labels.

        Returns
        -------
        What `from_text` reads back as the same answer.
        """

    @abstractmethod
    def from_text(self, *, said: str, text: str, names: Mapping[str, str]) -> str | None:
        """Read what a text-to-text model wrote.

        Parameters
        ----------
        said
            anything.
        text
            the example's first input field.
        names
            the study's labels, by how the model's tokenizer writes them; see training.text_forms.

        Returns
        -------
        The answer, None if it is none.
        """

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """Return answers (each behind a text it may belong to) that a tokenizer must be able to write and read back."""
        return [(label, label) for label in labels]

    def cross_entropy_sum(self, *, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss against gold answers, summed; see training.losses."""
        from training.losses import cross_entropy_sum

        return cross_entropy_sum(logits_BC=logits, target_B=target)

    def distillation_sum(self, *, student: Tensor, teacher: Tensor, temperature: float, mask: Tensor) -> Tensor:
        """Return the loss against a teacher's outputs, summed over the units of the mask; see training.losses."""
        from training.losses import distillation_sum

        return distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)

    def choices(self, values_UC: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return outputs as decisions (D, K), each a choice among K by logits: here one per unit, among its outputs."""
        return values_UC

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return what each of the C outputs of a unit means."""
        return tuple(labels)

    def is_varied(self, gold: Sequence[str]) -> bool:
        """Say whether there is anything to tell apart in gold answers."""
        return len(set(gold)) > 1

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> Tally:
        """Count, per example, what the metrics need, so that sums over any resample give its metrics.

        Parameters
        ----------
        rows
            N rows with gold answers.
        predicted
            N answers; None is unparsed.
        labels
            the study's labels.

        Returns
        -------
        The counts, as `score` takes their sums.
        """
        place = {label: index for index, label in enumerate(labels)}
        return tally_items(
            gold=[self.items(answer=answer, place=place) for answer in rows.labelled()],
            predicted=[None if answer is None else self.items(answer=answer, place=place) for answer in predicted],
            num_classes=len(labels),
        )

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Turn summed tallies into metrics.

        Parameters
        ----------
        totals_RK
            R sums of tallies, one per resample.

        Returns
        -------
        Per name in `metrics` R values, each 0 to 1.
        """
        return f1_scores(totals_RK)

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, Baseline]:
        """Answer test rows without any training.

        What is copied is an answer of the training data and never the source: a text is no label.

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
        By name: `majority`, always the most frequent answer of the training data; `copy`, the answer of the most
        similar training text.
        """
        train_gold = train.labelled()
        majority = most_frequent(train_gold, labels)
        alike = most_alike(train=joined_texts(train), test=joined_texts(test))
        copied = [majority if row == NOTHING_ALIKE else train_gold[row] for row in alike]
        return {
            "majority": always(majority, len(test)),
            "copy": Baseline(label="most similar training text", predicted=copied),
        }

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[Baseline]:
        """Return answers that pay no heed to the text, among them the best one on test itself, by whichever metric.

        A student below that one has learned nothing that shows.

        Parameters
        ----------
        test
            rows with gold answers.
        labels
            the study's labels.

        Returns
        -------
        At least one; where an answer is one label, the most frequent one is best by every metric.
        """
        return [always(most_frequent(test.labelled(), labels), len(test))]


def most_frequent(answers: Sequence[str], labels: Sequence[str]) -> str:
    """Return the most frequent answer; of equally frequent ones the label that is first in `labels`."""
    counts = Counter(answers)
    place = {label: index for index, label in enumerate(labels)}
    return min(counts, key=lambda answer: (-counts[answer], place.get(answer, len(place)), answer))


def joined_texts(rows: Rows) -> list[str]:
    """Return each row's text, or its texts as one."""
    return [" ".join(texts) for texts in zip(*rows.columns.values(), strict=True)]


def always(answer: str, count: int) -> Baseline:
    """Return one answer to each of `count` rows."""
    return Baseline(label=answer, predicted=[answer] * count)
