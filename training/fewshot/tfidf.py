"""TF-IDF with a linear support vector machine: what a few lines without any checkpoint come to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from training.answers import words_of
from training.fewshot.features import Floats

MAX_ITERATIONS = 200
# Of the slope: the answers no longer change.
TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class WordModel:
    """One linear machine per output on the words of a text, (C, V + 1); the last weight is the bias."""

    place_of: dict[str, int]
    idf_V: Floats
    weights_CV: Floats

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return the machines' values of N texts (N, C): above 0 where a label applies."""
        found: Floats = _with_bias(_weighed(texts, self.place_of, self.idf_V)) @ self.weights_CV.T
        return found


def fit_words(*, texts: Sequence[str], targets_NC: Floats) -> WordModel:
    """Fit TF-IDF and a machine per output, each label against the rest.

    Salton and Buckley, "Term-Weighting Approaches in Automatic Text Retrieval", 1988, idf smoothed by one document,
    rows of length 1; Fan et al., "LIBLINEAR", 2008, squared hinge loss at C = 1, the bias penalised as a weight is.

    Parameters
    ----------
    texts
        N, at least one.
    targets_NC
        1 where a label applies, else 0.
    """
    words = Counter(word for text in texts for word in set(_words(text)))
    place_of = {word: place for place, word in enumerate(words)}
    idf_V = np.array([math.log((1 + len(texts)) / (1 + count)) + 1 for count in words.values()])
    features_NV = _with_bias(_weighed(texts, place_of, idf_V))
    signs_NC = 2 * targets_NC - 1
    weights_CV = np.array([_machine(features_NV, signs_NC[:, label]) for label in range(targets_NC.shape[1])])
    return WordModel(place_of=place_of, idf_V=idf_V, weights_CV=weights_CV)


def _machine(features_NV: csr_array, sign_N: Floats) -> Floats:
    def loss(weight_V: Floats) -> tuple[float, Floats]:
        short_N = np.maximum(0.0, 1 - sign_N * (features_NV @ weight_V))
        slope_V = weight_V - 2 * (features_NV.T @ (sign_N * short_N))
        return float(weight_V @ weight_V / 2 + short_N @ short_N), slope_V

    options = {"maxiter": MAX_ITERATIONS, "gtol": TOLERANCE, "ftol": 1e-9}
    found: Floats = minimize(loss, np.zeros(features_NV.shape[1]), jac=True, method="L-BFGS-B", options=options).x
    return found


def _weighed(texts: Sequence[str], place_of: dict[str, int], idf_V: Floats) -> csr_array:
    """Return the TF-IDF rows of texts (N, V), of length 1 or 0."""
    data: list[float] = []
    places: list[int] = []
    ends = [0]
    for text in texts:
        counts = Counter(place_of[word] for word in _words(text) if word in place_of)
        weights = [count * float(idf_V[place]) for place, count in counts.items()]
        length = math.sqrt(sum(weight**2 for weight in weights)) or 1.0
        data += [weight / length for weight in weights]
        places += counts
        ends.append(len(places))
    return csr_array(
        (np.array(data), np.array(places, dtype=np.int32), np.array(ends, dtype=np.int32)),
        shape=(len(texts), len(idf_V)),
    )


def _with_bias(features_NV: csr_array) -> csr_array:
    count, width = features_NV.shape
    ends = features_NV.indptr + np.arange(count + 1)
    data = np.insert(features_NV.data, features_NV.indptr[1:], 1.0)
    places = np.insert(features_NV.indices, features_NV.indptr[1:], width)
    return csr_array((data, places, ends), shape=(count, width + 1))


def _words(text: str) -> list[str]:
    return [text[word.start : word.end].casefold() for word in words_of(text)]
