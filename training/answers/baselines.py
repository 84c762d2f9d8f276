"""Answers that need no training: constant ones, and ones copied from the training data."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from training.answers.rows import Rows
from training.answers.spans import Span, Word, spans_from_json, spans_to_json, words_of

NO_MATCH = -1
# Words that occur nearly everywhere carry no information, and take the longest to look up.
MOST_COMMON_SHARE = 0.2
FEW_TEXTS = 100
# Training texts times test texts that are compared: some ten seconds.
MOST_COMPARED = 200_000_000

Indices = npt.NDArray[np.int64]


class BaselineComparison(StrEnum):
    """A trained model against the best baseline."""

    ABOVE = "above"
    UNCLEAR = "not clearly better than"
    BELOW = "no better than"


def compare_with_baseline(*, value: float, low: float, baseline: float) -> BaselineComparison:
    """Compare a metric, whose interval begins at `low`, with a baseline's value; all are 0 to 1."""
    if low > baseline:
        return BaselineComparison.ABOVE
    return BaselineComparison.UNCLEAR if value > baseline else BaselineComparison.BELOW


@dataclass(frozen=True, kw_only=True)
class BaselineAnswers:
    """Answers that need no training; `label` is the one that all of them are, or says what they are."""

    label: str
    predicted: list[str]


def constant_answer(answer: str, count: int) -> BaselineAnswers:
    """Return one answer to each of `count` rows."""
    return BaselineAnswers(label=answer, predicted=[answer] * count)


def most_frequent(answers: Sequence[str], labels: Sequence[str]) -> str:
    """Return the most frequent answer; of equally frequent ones the label that is first in `labels`."""
    counts = Counter(answers)
    place = {label: index for index, label in enumerate(labels)}
    return min(counts, key=lambda answer: (-counts[answer], place.get(answer, len(place)), answer))


def joined_texts(rows: Rows) -> list[str]:
    """Return each row's text, or its texts as one."""
    return [" ".join(texts) for texts in zip(*rows.columns.values(), strict=True)]


def compared_texts(*, num_train: int, num_test: int) -> Indices:
    """Return the places of the training texts that test is compared with: of too many some, evenly spread."""
    most = max(1, MOST_COMPARED // max(1, num_test))
    return np.linspace(0, num_train - 1, num=min(num_train, most)).round().astype(np.int64)


def nearest_texts(*, train: Sequence[str], test: Sequence[str]) -> list[int]:
    """Find for each test text the place of the most similar training text, of equal ones the first, or NO_MATCH.

    By the cosine of their sets of words, each word weighed by how rare it is in training (Salton and Buckley,
    "Term-Weighting Approaches in Automatic Text Retrieval", 1988).
    """
    words_of_train = [_vocabulary(text) for text in train]
    rows_of: dict[str, list[int]] = {}
    for row, words in enumerate(words_of_train):
        for word in words:
            rows_of.setdefault(word, []).append(row)
    weight = {word: math.log((1 + len(train)) / len(rows)) for word, rows in rows_of.items()}
    most = max(FEW_TEXTS, MOST_COMMON_SHARE * len(train))
    postings = {word: np.array(rows) for word, rows in rows_of.items() if len(rows) <= most}
    norm_M = np.sqrt([max(sum(weight[word] ** 2 for word in words), 1e-12) for words in words_of_train])
    return [_best(_vocabulary(text), postings, weight, norm_M) for text in test]


def _best(
    words: Iterable[str], postings: dict[str, Indices], weight: dict[str, float], norm_M: npt.NDArray[np.float64]
) -> int:
    shared_M = np.zeros(len(norm_M))
    for word in words:
        if word in postings:
            shared_M[postings[word]] += weight[word] ** 2
    found = int(np.argmax(shared_M / norm_M))
    return found if shared_M[found] > 0 else NO_MATCH


def _vocabulary(text: str) -> list[str]:
    # In order and each once: a set's order differs from process to process, and with it the last digit of a sum.
    return list(dict.fromkeys(_cased(text, words_of(text))))


def memorised_spans(*, train: Sequence[str], train_gold: Sequence[str], test: Sequence[str]) -> list[str]:
    """Mark in each test text what is an entity in training, the longest first, wherever its label was always the same.

    The baseline of Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003, section 3.
    """
    labels_of: dict[tuple[str, ...], Counter[str]] = {}
    for text, answer in zip(train, train_gold, strict=True):
        for span in spans_from_json(answer):
            named = tuple(_cased(text[span.start : span.end], words_of(text[span.start : span.end])))
            labels_of.setdefault(named, Counter())[span.label] += 1
    known = {named: next(iter(counts)) for named, counts in labels_of.items() if named and len(counts) == 1}
    longest = max((len(named) for named in known), default=0)
    return [spans_to_json(_marked(text, known, longest)) for text in test]


def _marked(text: str, known: dict[tuple[str, ...], str], longest: int) -> list[Span]:
    words = words_of(text)
    cased = _cased(text, words)
    spans: list[Span] = []
    place = 0
    while place < len(words):
        lengths = range(min(longest, len(words) - place), 0, -1)
        found = next((size for size in lengths if tuple(cased[place : place + size]) in known), 0)
        if found:
            label = known[tuple(cased[place : place + found])]
            spans.append(Span(words[place].start, words[place + found - 1].end, label))
        place += found or 1
    return spans


def _cased(text: str, words: Sequence[Word]) -> list[str]:
    return [text[word.start : word.end].casefold() for word in words]
