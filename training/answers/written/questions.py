"""Answers to questions, counted as SQuAD's script counts them.

Case, punctuation, articles and white space do not matter, and of several accepted answers the best one counts
(Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", 2016, and its evaluation script).
"""

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

from training.answers.tally import Floats

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalised(text: str) -> str:
    """Return a text in small letters, without ASCII punctuation and English articles, its words one space apart."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(*, predicted: str, accepted: Sequence[str]) -> float:
    """Return 1 if an answer is an accepted one, normalised; else 0."""
    return float(normalised(predicted) in map(normalised, accepted))


def token_f1(*, predicted: str, accepted: Sequence[str]) -> float:
    """Return the F1 of the words shared with the accepted answer that shares most, 0 to 1."""
    found = normalised(predicted).split()
    return max(_f1(found, normalised(one).split()) for one in accepted)


def question_table(*, accepted: Sequence[Sequence[str]], written: Sequence[str | None]) -> Floats:
    """Return the counts of N answers, (N, 3) for `question_scores`: one, exact match and F1; a None is wrong."""
    table = [
        (1.0, 0.0, 0.0)
        if text is None
        else (1.0, exact_match(predicted=text, accepted=texts), token_f1(predicted=text, accepted=texts))
        for text, texts in zip(written, accepted, strict=True)
    ]
    return np.array(table, dtype=np.float64).reshape(len(table), 3)


def question_scores(totals_RK: Floats) -> dict[str, Floats]:
    """Turn R sums of counts into exact match and mean F1, R values of 0 to 1 each."""
    count_R = np.maximum(totals_RK[:, 0], 1)
    return {"exact_match": totals_RK[:, 1] / count_R, "f1": totals_RK[:, 2] / count_R}


def _f1(found: Sequence[str], expected: Sequence[str]) -> float:
    if not found or not expected:
        # An answer of articles and signs alone is right only for another one.
        return float(found == expected)
    shared = (Counter(found) & Counter(expected)).total()
    return 2 * shared / (len(found) + len(expected))
