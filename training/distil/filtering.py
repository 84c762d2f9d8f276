"""Which pseudo-labelled rows a student learns from: those of the highest confidence, or as many at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data import ModelOutputs
from training.distil.calibration import decisions_of, row_confidence
from training.distil.confidence import Threshold
from training.distil.places import TopPlaces
from training.distil.soft_labels import SoftLabels
from training.runtime import PermanentFailure
from training.spec import DistillationSettings
from training.tasks import TaskType

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class NotCalibrated(PermanentFailure):
    """A filter by confidence needs a calibrated teacher."""


class NoRowsPass(PermanentFailure):
    """No row reaches a filter's threshold."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The rows kept of N: `num_passed` of the `num_asked` that the filter applies to, and all others."""

    kept_N: Mask
    num_asked: int
    num_passed: int
    threshold: Threshold | None = None

    def payload(self) -> dict[str, Any]:
        threshold = self.threshold.payload() if self.threshold else None
        return {"num_asked": self.num_asked, "num_passed": self.num_passed, "threshold": threshold}


def select(
    *, settings: DistillationSettings, soft: SoftLabels, task_type: TaskType, is_gold_N: Mask, seed: int
) -> Selection:
    """Choose rows by the filter of a distillation; `random` draws as many as `confidence` keeps, at least one.

    Only rows that the teacher answered are filtered; those of `is_gold_N` stay, and are counted in no share.
    Raises: NotCalibrated (the teacher scored no dev), NoRowsPass (no row reaches the threshold).
    """
    outputs = soft.outputs
    if isinstance(outputs, TopPlaces):
        decisions = outputs.decisions()
    else:
        decisions = decisions_of(task_type=task_type, outputs=outputs)
    # A row without an answer teaches nothing: a control that draws some would be given less than the filter.
    is_answered_N = np.bincount(decisions.row_D, minlength=decisions.num_rows) > 0
    asked = np.flatnonzero(~is_gold_N & is_answered_N)
    if settings.filter == "none" or not len(asked):
        return Selection(kept_N=np.ones_like(is_gold_N), num_asked=len(asked), num_passed=len(asked))
    if settings.filter == "random" and settings.keep is not None:
        return _drawn(is_gold_N, asked, num_passed=_share_of(asked, settings.keep), seed=seed)
    if task_type.is_written:
        return _most_sure(settings, soft, is_gold_N, asked)
    if soft.dev is None:
        raise NotCalibrated(
            "distillation.filter: the teacher of data.soft_labels was not calibrated. Score again with a labelled "
            "data.dev that it can answer, or set the filter to none."
        )
    confidence_N = row_confidence(decisions, temperature=soft.dev.temperature)
    order = asked[np.argsort(-confidence_N[asked], kind="stable")]
    threshold = soft.dev.threshold.confidence
    num_passed = int((confidence_N[asked] >= threshold).sum())
    if settings.keep is not None:
        num_passed = _share_of(asked, settings.keep)
    elif not num_passed:
        raise NoRowsPass(
            f"distillation.filter: none of {len(asked)} pseudo-labels has the confidence {threshold:.4f}, the "
            "threshold chosen on dev. Give distillation.keep a share, or set the filter to none."
        )
    if settings.filter == "random":
        return _drawn(is_gold_N, asked, num_passed=num_passed, seed=seed)
    passed = order[:num_passed]
    least = threshold if settings.keep is None else float(confidence_N[passed[-1]])
    return _kept(is_gold_N, asked, passed, soft.dev.at(least))


def _most_sure(settings: DistillationSettings, soft: SoftLabels, is_gold_N: Mask, asked: Indices) -> Selection:
    """Keep a share of written answers, those whose tokens were likeliest; dev chooses no threshold for them."""
    if settings.keep is None:
        raise NotCalibrated(
            "distillation.filter: no threshold is chosen for written answers. Give distillation.keep the share to keep."
        )
    assert isinstance(soft.outputs, ModelOutputs)
    if not soft.outputs.values_UC[asked, 0].any():
        raise NotCalibrated(
            "distillation.filter: it is not known how likely the tokens of the written answers were. Set the filter to "
            "none, or to random."
        )
    order = asked[np.argsort(-soft.outputs.values_UC[asked, 0], kind="stable")]
    return _kept(is_gold_N, asked, order[: _share_of(asked, settings.keep)], None)


def _share_of(asked: Indices, share: float) -> int:
    return max(1, round(share * len(asked)))


def _drawn(is_gold_N: Mask, asked: Indices, *, num_passed: int, seed: int) -> Selection:
    passed = np.random.default_rng(seed).choice(asked, size=num_passed, replace=False)
    return _kept(is_gold_N, asked, passed, None)


def _kept(is_gold_N: Mask, asked: Indices, passed: Indices, threshold: Threshold | None) -> Selection:
    kept_N = is_gold_N.copy()
    kept_N[passed] = True
    return Selection(kept_N=kept_N, num_asked=len(asked), num_passed=len(passed), threshold=threshold)
