"""The few-label recipes: each one function from evidence to a linear head, all behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import expit, softmax

from training.fewshot.features import Floats, cosines_of, unit_rows
from training.fewshot.frozen_head import LinearHead
from training.fewshot.linear import Prior, fit_logistic

# A name counts as much as so many labelled rows.
NAME_ROWS = 8.0
# One over the temperature at which cosines of short texts make fair probabilities.
COSINE_SCALE = 20.0
# What a text of the pool, which has the label only perhaps, counts beside a labelled one.
POOL_WEIGHT = 0.5
# Of the pool, so many texts are read at most.
MOST_POOL = 5_000
# Of the threshold on the cosine: the firmer one stays near the pool's median.
COSINE_STRENGTHS = (3.0, 0.05)
# A label's share is drawn to an even one as by so many rows of each.
SHARE_ROWS = 5.0
# Of the words of a text, so many belong to no entity while nobody has marked any.
OUTSIDE_SHARE = 0.8
# A label of which neither name nor example is known is as far from a text as can be.
UNKNOWN_LOGIT = -COSINE_SCALE


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a recipe may learn from; the test split is never part of it.

    Parameters
    ----------
    features_NF, targets_NC
        of the labelled units, perhaps none; a target is 1 where the label applies, else 0.
    names_CF
        the labels' names as units, 0 where a name says nothing; zeros for pairs.
    pool_PF
        unlabelled units.
    exclusive
        exactly one label applies.
    alike
        of pairs, the label that two texts of one meaning get, where its name says so.
    outside
        of words, the output for those of no entity.
    """

    features_NF: Floats
    targets_NC: Floats
    names_CF: Floats
    pool_PF: Floats
    exclusive: bool = True
    is_pairs: bool = False
    alike: int | None = None
    outside: int | None = None

    @property
    def says_C(self) -> Floats:
        """1 for each label whose name says something, else 0."""
        return np.array(self.names_CF.any(axis=1), dtype=np.float64)

    @property
    def num_outputs(self) -> int:
        """C."""
        return self.targets_NC.shape[1]

    @cached_property
    def fitted(self) -> dict[float, LinearHead]:
        """Logistic regressions on these units by their strength, as they are fitted: recipes that hold one share it."""
        return {}

    def of(self, rows: Sequence[int] | np.ndarray) -> Evidence:  # type: ignore[type-arg]
        """Return the same with some of the labelled units."""
        return replace(self, features_NF=self.features_NF[rows], targets_NC=self.targets_NC[rows])


@dataclass(frozen=True)
class Recipe:
    """A way to make a head of evidence.

    `strengths` are what is tried, the firmest first. `lacks` says why it cannot be used, "" where it can.
    """

    name: str
    title: str
    fit: Callable[[Evidence, float], LinearHead]
    lacks: Callable[[Evidence], str]
    strengths: tuple[float, ...] = (0.0,)


def names(evidence: Evidence, strength: float = 0.0) -> LinearHead:
    """Class vector: NAME_ROWS times the name's vector and the labelled rows' own, normalised."""
    return _by_cosine(evidence, NAME_ROWS * evidence.names_CF + _sums(evidence))


def names_and_pool(evidence: Evidence, strength: float = 0.0) -> LinearHead:
    """As `names`, with the pool's texts too, each as far as `names` takes it for one of the label.

    One step of expectation maximisation (Nigam et al., "Text Classification from Labeled and Unlabeled Documents using
    EM", 2000); further steps drift from what the names say.
    """
    first = names(evidence)
    pool_PF = evidence.pool_PF[:MOST_POOL]
    if not len(pool_PF):
        return first
    logits_PC = first.logits(pool_PF)
    share_PC = softmax(logits_PC, axis=1) if evidence.exclusive else expit(logits_PC)
    known_C1 = NAME_ROWS * evidence.names_CF + _sums(evidence)
    return _by_cosine(evidence, known_C1 + POOL_WEIGHT * (share_PC.T @ pool_PF))


def class_means(evidence: Evidence, strength: float = 0.0) -> LinearHead:
    """Class vector: the labelled rows' mean, normalised; a label without rows is never answered.

    A name in its place would be right too often on folds, where a label without rows is the one that was left out.
    """
    return _by_cosine(evidence, _sums(evidence))


def logistic(evidence: Evidence, strength: float) -> LinearHead:
    """Logistic regression drawn to the names' head as it is without labels; of words, and of mute names, to nothing."""
    if strength not in evidence.fitted:
        near = min(evidence.fitted, key=lambda other: abs(np.log(other / strength)), default=None)
        evidence.fitted[strength] = fit_logistic(
            features_NF=evidence.features_NF,
            targets_NC=evidence.targets_NC,
            prior=Prior(_unlabelled_head(evidence), strength),
            exclusive=evidence.exclusive,
            first=None if near is None else evidence.fitted[near],
        )
    return evidence.fitted[strength]


def logistic_from_names(evidence: Evidence, strength: float) -> LinearHead:
    """As `logistic`, drawn to names alone: a tuned checkpoint takes too much of the pool for its commonest label."""
    return fit_logistic(
        features_NF=evidence.features_NF,
        targets_NC=evidence.targets_NC,
        prior=Prior(_unlabelled_head(evidence, names), strength),
        exclusive=evidence.exclusive,
    )


def average(evidence: Evidence, strength: float) -> LinearHead:
    """The mean of what logistic regression and class vectors say: their errors differ."""
    by_vectors = names_and_pool if evidence.says_C.any() else class_means
    return LinearHead.mean([logistic(evidence, strength), by_vectors(evidence)])


def cosine(evidence: Evidence, strength: float = COSINE_STRENGTHS[-1]) -> LinearHead:
    """Of pairs: logistic regression on the cosine alone, whose threshold starts from the pool's median.

    The slope starts from what the name of a label says, if it does: half of the pairs are alike then.
    """
    pool_P = cosines_of(evidence.pool_PF if len(evidence.pool_PF) else evidence.features_NF)
    middle, spread = (float(np.median(pool_P)), float(pool_P.std())) if len(pool_P) else (0.5, 0.2)
    spread = max(spread, 1e-3)
    slope_C1 = np.zeros((evidence.num_outputs, 1))
    if evidence.alike is not None:
        slope_C1 -= 1.0
        slope_C1[evidence.alike] = 1.0
    start = LinearHead(weights_CF=slope_C1, bias_C=np.zeros(evidence.num_outputs))
    cosine_N1 = (cosines_of(evidence.features_NF)[:, None] - middle) / spread
    found = fit_logistic(
        features_NF=cosine_N1,
        targets_NC=evidence.targets_NC,
        prior=Prior(start, strength, bias_strength=strength),
        exclusive=evidence.exclusive,
    )
    slope_C = found.weights_CF[:, 0] / spread
    width = evidence.names_CF.shape[1]
    weights_CF = np.zeros((evidence.num_outputs, width))
    weights_CF[:, width // 4 * 3 :] = slope_C[:, None]
    return LinearHead(weights_CF=weights_CF, bias_C=found.bias_C - middle * slope_C)


def cosine_and_features(evidence: Evidence, strength: float) -> LinearHead:
    """Of pairs: logistic regression on u, v, |u - v| and u * v, drawn to the cosine's head."""
    width = evidence.names_CF.shape[1]
    # A product of two units is small by the root of the width, and would be held back by as much more.
    scale_F = np.ones(width)
    scale_F[width // 4 * 3 :] = np.sqrt(width / 4)
    start = cosine(evidence)
    found = fit_logistic(
        features_NF=evidence.features_NF * scale_F,
        targets_NC=evidence.targets_NC,
        prior=Prior(replace(start, weights_CF=start.weights_CF / scale_F), strength),
        exclusive=evidence.exclusive,
    )
    return replace(found, weights_CF=found.weights_CF * scale_F)


def no_head(evidence: Evidence) -> LinearHead:
    """Every answer alike: for neither names nor labels."""
    return LinearHead(weights_CF=np.zeros_like(evidence.names_CF), bias_C=np.zeros(evidence.num_outputs))


def _sums(evidence: Evidence) -> Floats:
    sums_CF: Floats = evidence.targets_NC.T @ evidence.features_NF
    return sums_CF


def _by_cosine(evidence: Evidence, vectors_CF: Floats) -> LinearHead:
    units_CF = unit_rows(vectors_CF)
    bias_C = np.where(units_CF.any(axis=1), _log_share(evidence), UNKNOWN_LOGIT)
    head = LinearHead(weights_CF=COSINE_SCALE * units_CF, bias_C=bias_C)
    if evidence.outside is not None and not units_CF[evidence.outside].any():
        return _with_outside(evidence, head)
    return head if evidence.exclusive else _with_thresholds(evidence, head)


def _with_outside(evidence: Evidence, head: LinearHead) -> LinearHead:
    """Leave most words of the pool outside: those that are least like any label."""
    others = np.arange(evidence.num_outputs) != evidence.outside
    words_PF = evidence.pool_PF[:MOST_POOL] if len(evidence.pool_PF) else evidence.features_NF
    bias_C = head.bias_C.copy()
    if len(words_PF):
        bias_C[evidence.outside] = np.quantile(head.logits(words_PF)[:, others].max(axis=1), OUTSIDE_SHARE)
    return replace(head, bias_C=bias_C)


def _log_share(evidence: Evidence) -> Floats:
    """Return how much more frequent each label is among the rows than the mean one, as a logit (C,)."""
    log_C = np.log(evidence.targets_NC.sum(axis=0) + SHARE_ROWS)
    log_share_C: Floats = log_C - log_C.mean()
    return log_share_C


def _with_thresholds(evidence: Evidence, head: LinearHead) -> LinearHead:
    """Set each label's bias so that it applies to as large a share of the pool as of the labelled rows.

    Without labels each applies to one text in C; a label's share is drawn to that by one row's weight.
    """
    texts_PF = evidence.pool_PF[:MOST_POOL] if len(evidence.pool_PF) else evidence.features_NF
    if not len(texts_PF):
        return head
    num_rows, prior = len(evidence.targets_NC), min(0.5, 1 / evidence.num_outputs)
    share_C = (evidence.targets_NC.sum(axis=0) + prior) / (num_rows + 1)
    logits_PC = head.logits(texts_PF)
    threshold_C = np.array([np.quantile(logits_PC[:, c], 1 - share) for c, share in enumerate(share_C)])
    return replace(head, bias_C=head.bias_C - threshold_C)


def _unlabelled_head(evidence: Evidence, of_names: Callable[[Evidence], LinearHead] = names_and_pool) -> LinearHead:
    # Of words, a name is the same for where an entity begins and where it goes on, and draws these together.
    if evidence.outside is not None or not evidence.says_C.any():
        return no_head(evidence)
    head = of_names(evidence.of([]))
    # Of a label whose name says nothing, the rows are to decide, and nothing is to be held against it.
    said_C = evidence.says_C
    scale = 0.5
    return LinearHead(weights_CF=scale * head.weights_CF * said_C[:, None], bias_C=scale * head.bias_C * said_C)


def _lacks_names(evidence: Evidence) -> str:
    num_said = int(evidence.says_C.sum())
    return "" if num_said >= min(2, evidence.num_outputs) else f"{num_said} of the names say something"


def _lacks_labels(evidence: Evidence) -> str:
    found = int(evidence.targets_NC.any(axis=0).sum())
    fewest = 2 if evidence.exclusive else 1
    return "" if found >= fewest else f"{found} of the labels have examples"


def _lacks_both(evidence: Evidence) -> str:
    known = bool(evidence.alike is not None)
    return "" if known else _lacks_labels(evidence)


STRENGTHS = (1.0, 0.3, 0.1)
AVERAGED = (1.0, 0.3)
PAIR_STRENGTHS = (3.0, 1.0)
# Simpler ones first: those that let single labelled rows decide least.
OF_TEXTS = (
    Recipe("names_and_pool", "label names, drawn to the pool", names_and_pool, _lacks_names),
    Recipe("names", "label names with labelled rows", names, _lacks_names),
    Recipe("class_means", "class means", class_means, _lacks_labels),
    Recipe("average", "mean of class vectors and logistic regression", average, _lacks_labels, AVERAGED),
    Recipe("logistic", "logistic regression from label names", logistic, _lacks_labels, STRENGTHS),
)
OF_PAIRS = (
    Recipe("cosine", "cosine with a threshold", cosine, _lacks_both, COSINE_STRENGTHS),
    Recipe("cosine_and_features", "cosine and features of both", cosine_and_features, _lacks_labels, PAIR_STRENGTHS),
)


def recipes_for(evidence: Evidence) -> tuple[Recipe, ...]:
    """Return the recipes for texts and words, or for pairs, simpler ones first."""
    return OF_PAIRS if evidence.is_pairs else OF_TEXTS
