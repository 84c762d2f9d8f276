"""How much a written text has in common with its references, and with the source it was made from.

BLEU and chrF are those of sacrebleu (Post, "A Call for Clarity in Reporting BLEU Scores", 2018), from sums of its
counts, so that any resample of the examples has its own. Shapes: N examples, K counts, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Protocol

import numpy as np
import regex

from training.answers.tally import Floats

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

# Lengths of what was written and of its reference; n-grams found, and n-grams in all, up to four words.
NUM_BLEU = 2 + 2 * 4
# N-grams written, of the reference, and shared, up to six characters.
NUM_CHRF = 3 * 6
# Against the references BLEU, chrF and the sum of ROUGE-L; against the source BLEU; and the examples.
_WIDTHS = (NUM_BLEU, NUM_CHRF, 1, NUM_BLEU, 1)
# How often what is right counts against what is not copied.
BETA = 4
_WORD = regex.compile(r"[^\W_]+")


class Similarity(Protocol):
    """How alike two texts are in meaning, by a checkpoint that is not trained."""

    @property
    def name(self) -> str:
        """The checkpoint's, which stands beside each figure."""

    def __call__(self, *, sources: Sequence[str], written: Sequence[str]) -> Floats:
        """Return how alike N pairs of texts are, 0 to 1, (N,)."""


def overlap_table(
    *,
    sources: Sequence[str],
    references: Sequence[Sequence[str]],
    written: Sequence[str | None],
    similarity: Similarity | None = None,
) -> Floats:
    """Return the counts of N written texts, (N, K) for `overlap_scores`; a None has nothing right and all copied.

    With a `similarity` they end with the BERT-iBLEU of each text.
    """
    bleu, chrf = _metrics()
    texts = [text or "" for text in written]
    # Lists of all examples' first references, second ones, and so on; None where one has fewer.
    by_place = list(zip_longest(*references))
    copied = [source if text is None else text for text, source in zip(written, sources, strict=True)]
    rouge = [[rouge_l(written=text, references=wanted)] for text, wanted in zip(texts, references, strict=True)]
    parts = [
        bleu._extract_corpus_statistics(texts, by_place),
        chrf._extract_corpus_statistics(texts, by_place),
        rouge,
        bleu._extract_corpus_statistics(copied, [sources]),
        [[1.0]] * len(texts),
    ]
    if similarity is not None:
        parts.append(bert_ibleu(sources=sources, written=written, similarity=similarity)[:, None])
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts], axis=1)


def overlap_scores(totals_RK: Floats) -> dict[str, Floats]:
    """Turn R sums of counts into R values of 0 to 1 for each measure.

    `not_copied` is 1 - BLEU against the source. `harmonic_ibleu` weighs both as BERT-iBLEU does, with BLEU in place of
    BERTScore, of all texts together: 5 / (4 / BLEU + 1 / not_copied), and 0 if one is 0. `bert_ibleu` is there if the
    table has it, the mean over texts.
    """
    bleu, chrf = _metrics()
    of_bleu, of_chrf, rouge, of_source, count, meaning = np.split(totals_RK, np.cumsum(_WIDTHS), axis=1)
    bleu_R = np.array([bleu._compute_score_from_stats(row.tolist()).score / 100 for row in of_bleu])
    original_R = 1 - np.array([bleu._compute_score_from_stats(row.tolist()).score / 100 for row in of_source])
    return _in_range(
        {
            "bleu": bleu_R,
            "chrf": np.array([chrf._compute_score_from_stats(row.tolist()).score / 100 for row in of_chrf]),
            "rouge_l": rouge[:, 0] / np.maximum(count[:, 0], 1),
            "harmonic_ibleu": _harmonic(bleu_R, original_R),
            "not_copied": original_R,
            **({"bert_ibleu": meaning[:, 0] / np.maximum(count[:, 0], 1)} if meaning.size else {}),
        }
    )


def bert_ibleu(*, sources: Sequence[str], written: Sequence[str | None], similarity: Similarity) -> Floats:
    """Return the BERT-iBLEU of N written texts, (N,): 5 / (4 / BERTScore + 1 / (1 - BLEU)), both against the source.

    It asks for no reference: what means the same in other words is a good paraphrase (Niu et al., "Unsupervised
    Paraphrasing with Pretrained Language Models", 2021). A text that is copied, or None, has 0.
    """
    bleu, _ = _metrics()
    is_new_N = np.array([text is not None and text != source for text, source in zip(written, sources, strict=True)])
    found_N = np.zeros(len(sources))
    rows = np.flatnonzero(is_new_N)
    if not len(rows):
        return found_N
    texts, of = [written[row] or "" for row in rows], [sources[row] for row in rows]
    counts = bleu._extract_corpus_statistics(texts, [of])
    original = 1 - np.array([bleu._compute_score_from_stats(list(row)).score / 100 for row in counts])
    alike = np.clip(similarity(sources=of, written=texts), 0.0, 1.0)
    found_N[rows] = _harmonic(alike, np.clip(original, 0.0, 1.0))
    return found_N


def rouge_l(*, written: str, references: Sequence[str]) -> float:
    """Return the F1 of the longest common subsequence of words with the reference that shares most, 0 to 1.

    Words are as in the rouge-score package, of any script: letters and digits, case ignored, no stemming (Lin, "ROUGE:
    A Package for Automatic Evaluation of Summaries", 2004).
    """
    words = _words(written)
    return max(_rouge_l(words, _words(reference)) for reference in references)


@cache
def _metrics() -> tuple[BLEU, CHRF]:
    # Imported here: only a score needs it, and its import takes a web process a tenth of a second.
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    # Texts of fewer than four words, all of them, have no n-gram of four, and no BLEU without the effective order.
    return BLEU(effective_order=True, force=True), CHRF()


def _harmonic(right_R: Floats, original_R: Floats) -> Floats:
    is_some_R = (right_R > 0) & (original_R > 0)
    safe_right_R, safe_original_R = np.where(is_some_R, right_R, 1), np.where(is_some_R, original_R, 1)
    return np.where(is_some_R, (BETA + 1) / (BETA / safe_right_R + 1 / safe_original_R), 0.0)


def _in_range(scores: Mapping[str, Floats]) -> dict[str, Floats]:
    # Means of logarithms end a rounding above 1.
    return {name: np.clip(value_R, 0.0, 1.0) for name, value_R in scores.items()}


def _words(text: str) -> list[str]:
    return [str(word) for word in _WORD.findall(text.lower())]


def _rouge_l(found: Sequence[str], expected: Sequence[str]) -> float:
    total = len(found) + len(expected)
    return 2 * _longest_common(found, expected) / total if total else 0.0


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    A row of its table is one whole number, a bit per word (Hyyrö, "Bit-Parallel LCS-length Computation Revisited",
    2004), so that two texts of two thousand words take milliseconds.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    all_ones = (1 << len(first)) - 1
    row = all_ones
    for word in second:
        shared = row & places.get(word, 0)
        row = (row + shared | row - shared) & all_ones
    return len(first) - row.bit_count()
