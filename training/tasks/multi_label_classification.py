"""One text, any number of labels, none too."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tables.signs import clean
from training.answers import (
    BETWEEN_LABELS,
    SHOWN_CHARACTERS,
    AnswerInvalid,
    BaselineAnswers,
    GoldInvalid,
    Item,
    LabelledSpan,
    Rows,
    constant_answer,
    given_list,
    known_label,
    listed,
    most_frequent,
    read_labels,
    shown,
)
from training.tasks.text_classification import TextClassificationType

MARKS_BETWEEN_LABELS = "|;"
_HOW = 'Write a JSON list, as ["a", "b"], or [] where none applies.'


class MultiLabelClassificationType(TextClassificationType):
    """Says of each of the study's labels whether it applies to a text; an answer is a JSON list of those that do."""

    name = "multi_label_classification"
    title = "Multi-label text classification"
    unit = "label"
    min_labels = 1
    metric_titles = {"accuracy": "Accuracy of whole sets"}
    asks = "Each text gets all labels that apply; it may be none."
    widget = "multiple_choices"
    in_a_file = 'a JSON list, ["a", "b"], or labels with a | or ; between; [] where none applies'
    is_list = True
    page_score = "micro F1"
    agreement_measure = "F1 of labels"
    nothing = "none applies"
    is_exclusive = False

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        place = {label: index for index, label in enumerate(labels)}
        return [_canonical(value, row, place) for row, value in enumerate(gold)]

    def read_answer(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read a JSON list, or labels with a mark between, into the study's order."""
        named = {known_label(label, labels) for label in self._named(clean(given), labels)}
        return json.dumps([label for label in labels if label in named], ensure_ascii=False)

    def _named(self, given: str, labels: Sequence[str]) -> list[str]:
        if given in labels:
            return [given]
        if not given.startswith("["):
            mark = next((one for one in MARKS_BETWEEN_LABELS if one in given), MARKS_BETWEEN_LABELS[0])
            return [clean(one) for one in given.split(mark)]
        named = given_list(given)
        if named is None or not all(isinstance(one, str) for one in named):
            shown = given[:SHOWN_CHARACTERS]
            raise AnswerInvalid(f"“{shown}” is not a valid list of labels; write {self.in_a_file}")
        return [clean(one) for one in named]

    def parts(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        return [LabelledSpan(label=label) for label in json.loads(answer)]

    def json_pieces(self, label: str) -> list[str]:
        """Return the label as the first one of a list, and as a later one."""
        return [before + json.dumps(label, ensure_ascii=False) for before in ("[", ", ")]

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        return BETWEEN_LABELS.join(json.loads(answer))

    def from_text(self, *, generated: str, text: str, names: Mapping[str, str]) -> str | None:
        found = read_labels(generated=generated, names=names)
        if found is None:
            return None
        return json.dumps([label for label in names.values() if label in found], ensure_ascii=False)

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """Return each label alone, and all together."""
        lists = [*([label] for label in labels), list(labels), []]
        return [("", json.dumps(labels_, ensure_ascii=False)) for labels_ in lists]

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[BaselineAnswers]:
        """Return the most frequent set, the best one by micro F1, and all labels of test.

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
        return [constant_answer(answer, len(gold)) for answer in (most_frequent(gold, labels), *sorted(sets))]

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        return frozenset((place[label],) for label in json.loads(answer))


def _canonical(value: Any, row: int, place: Mapping[str, int]) -> str:
    named = given_list(value) if isinstance(value, str) else None
    if named is None:
        raise GoldInvalid(row, f"has label {shown(value)}, which is no list of labels. {_HOW}")
    for label in named:
        if not isinstance(label, str) or label not in place:
            raise GoldInvalid(row, f"has label {shown(label)}. The labels are {listed(list(place))}.")
    return json.dumps(sorted(set(named), key=place.__getitem__), ensure_ascii=False)
