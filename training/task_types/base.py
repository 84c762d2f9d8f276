"""What a kind of machine-learning problem must be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

# Web processes look task types up too; torch would cost each of them seconds and hundreds of megabytes.
if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classifier import EncoderClassifier

Encoded = dict[str, list[int]]
Floats = npt.NDArray[np.float64]


class TaskType(ABC):
    """One kind of problem; a new one is a new file here and a line in `TASK_TYPES`."""

    name: ClassVar[str]
    title: ClassVar[str]
    input_fields: ClassVar[tuple[str, ...]]
    metrics: ClassVar[tuple[str, ...]]

    @abstractmethod
    def encode(self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int) -> list[Encoded]:
        """Turn rows of text into token ids.

        Parameters
        ----------
        tokenizer
            a Hugging Face tokenizer.
        columns
            one sequence of N strings per input field.
        max_length
            tokens at most; longer text is cut.

        Returns
        -------
        N encodings, unpadded.
        """

    @abstractmethod
    def build(self, *, encoder: nn.Module, labels: Sequence[str]) -> EncoderClassifier:
        """Put this task type's head on an encoder.

        Parameters
        ----------
        encoder
            a pre-trained encoder.
        labels
            the study's labels, in the order of the outputs.

        Returns
        -------
        A module from padded inputs to logits.
        """

    @abstractmethod
    def targets(self, *, gold: Sequence[str], labels: Sequence[str]) -> Tensor:
        """Turn gold labels into training targets.

        Parameters
        ----------
        gold
            N labels, each one of `labels`.
        labels
            the study's labels.

        Returns
        -------
        Targets, N rows.
        """

    @abstractmethod
    def decode(self, *, logits_NC: npt.NDArray[np.float32], labels: Sequence[str]) -> list[str | None]:
        """Turn outputs into labels.

        Parameters
        ----------
        logits_NC
            one row of outputs per example.
        labels
            the study's labels.

        Returns
        -------
        N labels; None where the output is no label, which is a failure of its own and never the first class.
        """

    @abstractmethod
    def tally(self, *, gold: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str]) -> Floats:
        """Count, per example, what the metrics need, so that sums over any resample give its metrics.

        Parameters
        ----------
        gold, predicted
            N labels each; a predicted None is unparsed.
        labels
            the study's labels.

        Returns
        -------
        (N, K) counts.
        """

    @abstractmethod
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
