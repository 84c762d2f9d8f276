"""One text, any number of labels, none too."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from training.gold import GoldInvalid, listed
from training.tally import Item
from training.task_types.base import Baseline, always, most_frequent
from training.task_types.text_classification import TextClassification
from training.text_forms import BETWEEN_LABELS, labels_in

if TYPE_CHECKING:
    from torch import Tensor

    from training.data import Rows
    from training.units import Outputs, Units

HOW = 'Write a JSON list, as ["a", "b"], or [] where none applies.'


class MultiLabelClassification(TextClassification):
    """Says of each of the study's labels whether it applies to a text; an answer is a JSON list of those that do.

    Each label is a decision of its own: it applies where it is more probable than not.
    """

    name = "multi_label_classification"
    title = "Multi-label text classification"
    unit = "label"
    min_labels = 1

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        """Make sure that each is a list of labels, and put these in the study's order; see TaskType.read_gold."""
        place = {label: index for index, label in enumerate(labels)}
        return [_canonical(value, row, place) for row, value in enumerate(gold)]

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Return 1 where a label applies, else 0, float (N, C); see TaskType.targets."""
        import torch

        from training.losses import IGNORED

        place = {label: index for index, label in enumerate(labels)}
        target_NC = torch.zeros(len(rows), len(labels))
        for row, answer in enumerate(rows.answers()):
            if answer is None:
                target_NC[row] = IGNORED
            else:
                target_NC[row, [place[label] for label in json.loads(answer)]] = 1
        return target_NC

    def cross_entropy_sum(self, *, logits: Tensor, target: Tensor) -> Tensor:
        """Return the binary cross-entropy of each label, summed; see training.losses."""
        from training.losses import binary_cross_entropy_sum

        return binary_cross_entropy_sum(logits_BC=logits, target_BC=target)

    def distillation_sum(self, *, student: Tensor, teacher: Tensor, temperature: float, mask: Tensor) -> Tensor:
        """Return the binary divergence of each label, summed; see training.losses."""
        from training.losses import binary_distillation_sum

        return binary_distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)

    def choices(self, values_UC: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return each label's two outcomes, not and yes, by a logit of 0 and its log-odds; see TaskType.choices."""
        return np.stack([np.zeros_like(values_UC), values_UC], axis=-1).reshape(-1, 2)

    def decode(self, *, outputs: Outputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Return the labels with an output above 0, None where an output is not finite; see TaskType.decode."""
        finite = np.atleast_1d(np.isfinite(outputs.values_UC).all(axis=1))
        return [
            json.dumps([labels[index] for index in np.flatnonzero(values > 0)], ensure_ascii=False) if good else None
            for values, good in zip(outputs.values_UC, finite, strict=True)
        ]

    def probabilities(self, *, outputs: Outputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return each label's own probability; see TaskType.probabilities."""
        import torch

        return torch.sigmoid(torch.from_numpy(outputs.values_UC)).numpy()

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        """Write the labels one after the other, nothing for none; see TaskType.as_text."""
        return BETWEEN_LABELS.join(json.loads(answer))

    def from_text(self, *, said: str, text: str, names: Mapping[str, str]) -> str | None:
        """Read the labels in any order; see TaskType.from_text."""
        found = labels_in(said=said, names=names)
        if found is None:
            return None
        return json.dumps([label for label in names.values() if label in found], ensure_ascii=False)

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """Return each label alone, and all together; see TaskType.written_samples."""
        lists = [*([label] for label in labels), list(labels), []]
        return [("", json.dumps(labels_, ensure_ascii=False)) for labels_ in lists]

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[Baseline]:
        """Return the most frequent set, the best one by micro F1, and all labels of test; see TaskType.constants.

        Micro F1 of a set that is always answered is 2 hits / (answered + gold labels), so that the best of each size
        has the most frequent labels; macro F1 grows with each label that test has.
        """
        gold = test.labelled()
        counts = Counter(label for answer in gold for label in json.loads(answer))
        falling = sorted(counts, key=lambda label: -counts[label])
        hits = np.cumsum([counts[label] for label in falling], dtype=np.int64)
        f1 = 2 * hits / (len(gold) * np.arange(1, len(falling) + 1) + counts.total())
        named = {frozenset(falling[: int(f1.argmax()) + 1]), frozenset(falling)} if falling else set()
        sets = [json.dumps([label for label in labels if label in one], ensure_ascii=False) for one in named]
        return [always(answer, len(gold)) for answer in (most_frequent(gold, labels), *sorted(sets))]

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return each label that applies; see TaskType.items."""
        return frozenset((place[label],) for label in json.loads(answer))


def _canonical(value: Any, row: int, place: Mapping[str, int]) -> str:
    try:
        named = json.loads(value)
    except (TypeError, ValueError) as error:
        raise GoldInvalid(row, f"has label {value!r}, which is no list of labels. {HOW}") from error
    if not isinstance(named, list):
        raise GoldInvalid(row, f"has label {value!r}, which is no list of labels. {HOW}")
    for label in named:
        if not isinstance(label, str) or label not in place:
            raise GoldInvalid(row, f"has label {label!r}. The labels are {listed(list(place))}.")
    return json.dumps(sorted(set(named), key=place.__getitem__), ensure_ascii=False)
