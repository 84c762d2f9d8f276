"""What a manager says of a new study, checked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from budgets.models import PriceBook
from studies.hashing import clean
from studies.models import PayBasis
from studies.task_types import TASK_TYPES, metrics

MAX_LABELS = 1000
MOST_PAID_SECONDS = 8 * 3600


class StudyInvalid(ValueError):
    """A study cannot be made like this; the message names the field."""


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """What a manager says of a new study. Model references name a source (hub, folder or package) and a name.

    Without a metric it is the task type's usual one.
    """

    name: str
    task_type: str
    labels: Sequence[str]
    limit: Decimal | str
    price_book: PriceBook
    student_model: dict[str, Any]
    teacher_model: dict[str, Any]
    instructions: str = ""
    metric: str = ""
    annotations_per_example: int = 1
    pay_basis: str = PayBasis.PER_LABEL
    max_paid_seconds: int = 300
    dev_fraction: float = 0.1
    test_fraction: float = 0.2
    seed: int = 0
    cleaned_labels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        known = metrics(self.task_type)
        object.__setattr__(self, "metric", self.metric or known[0])
        least = TASK_TYPES[self.task_type].min_labels
        object.__setattr__(self, "cleaned_labels", _clean_labels(self.labels, least=least))
        if not self.name.strip():
            raise StudyInvalid("name: give the study a name.")
        if self.metric not in known:
            raise StudyInvalid(f"metric: {self.metric!r} is not one of {', '.join(known)}.")
        if not 1 <= self.annotations_per_example <= 9:
            raise StudyInvalid("annotations per example: choose 1 to 9.")
        _check_pay(self.pay_basis, self.max_paid_seconds)
        if min(self.dev_fraction, self.test_fraction) < 0 or self.dev_fraction + self.test_fraction >= 1:
            raise StudyInvalid("dev and test fractions: none below zero, and together less than one.")


def _check_pay(basis: str, max_paid_seconds: int) -> None:
    if basis not in PayBasis.values:
        raise StudyInvalid(f"pay basis: {basis!r} is not one of {', '.join(PayBasis.values)}.")
    if not 1 <= max_paid_seconds <= MOST_PAID_SECONDS:
        raise StudyInvalid(f"max paid seconds: {max_paid_seconds} is not from 1 to {MOST_PAID_SECONDS:,}.")


def _clean_labels(labels: Iterable[str], *, least: int) -> tuple[str, ...]:
    cleaned = tuple(clean(label) for label in labels if clean(label))
    if not least <= len(cleaned) <= MAX_LABELS:
        raise StudyInvalid(f"labels: between {least} and {MAX_LABELS} are needed, {len(cleaned)} given.")
    if len({label.casefold() for label in cleaned}) < len(cleaned):
        raise StudyInvalid("labels: two of them are alike but for case.")
    if too_long := [label for label in cleaned if len(label) > 200 or "\n" in label]:
        raise StudyInvalid(f"labels: “{too_long[0][:40]}…” must be one line of at most 200 characters.")
    return cleaned
