"""Settings of a new study, checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from accounts.texts import unusable_sign, without_unusable
from budgets.models import PriceBook
from config.refusals import Refusal
from studies.editing.label_texts import checked_label_texts
from studies.models import PayBasis
from studies.task_types import task_type_named
from tables.signs import clean, comparable, is_blank

MAX_LABELS = 1000
MAX_NAME = 120
MAX_INSTRUCTIONS = 100_000
MOST_PAID_SECONDS = 8 * 3600
MOST_REQUESTS = 10**12


class StudyInvalid(Refusal):
    """A study cannot be made like this; the message names the field."""


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """Settings of a new study. Model references name a source (hub, folder or package) and a name.

    `label_texts` has `description` and `phrases` by label, of labels that need more than their name.
    """

    name: str
    task_type: str
    labels: Sequence[str]
    limit: Decimal | str
    price_book: PriceBook
    student_model: dict[str, Any]
    teacher_model: dict[str, Any]
    label_texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    instructions: str = ""
    metric: str = ""  # empty: the task type's usual one
    annotations_per_example: int = 1
    pay_basis: str = PayBasis.PER_LABEL
    max_paid_seconds: int = 300
    dev_fraction: float = 0.1
    test_fraction: float = 0.2
    seed: int = 0
    cleaned_labels: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        known = task_type_named(self.task_type).utilities
        object.__setattr__(self, "metric", self.metric or known[0])
        object.__setattr__(self, "name", checked_name(self.name))
        object.__setattr__(self, "instructions", checked_instructions(self.instructions))
        object.__setattr__(self, "cleaned_labels", checked_labels(self.labels, task_type=self.task_type))
        described = checked_label_texts(self.label_texts, labels=self.cleaned_labels)
        object.__setattr__(self, "label_texts", described)
        for role, model in (("student", self.student_model), ("teacher", self.teacher_model)):
            _checked_text(f"{role} name", f"{model.get('name') or ''}{model.get('revision') or ''}")
        if self.metric not in known:
            raise StudyInvalid(f"{self.metric!r} is not one of {', '.join(known)}.", field="metric")
        if not 1 <= self.annotations_per_example <= 9:
            raise StudyInvalid("choose 1 to 9.", field="annotations_per_example")
        if self.pay_basis not in PayBasis.values:
            raise StudyInvalid(f"{self.pay_basis!r} is not one of {', '.join(PayBasis.values)}.", field="pay_basis")
        if not 1 <= self.max_paid_seconds <= MOST_PAID_SECONDS:
            raise StudyInvalid(
                f"{self.max_paid_seconds} is not from 1 to {MOST_PAID_SECONDS:,}.", field="max_paid_seconds"
            )
        if min(self.dev_fraction, self.test_fraction) < 0 or self.dev_fraction + self.test_fraction >= 1:
            raise StudyInvalid("The dev and test fractions: each must be 0 or more, and their sum less than 1.")


def checked_name(name: str) -> str:
    """Strip a study's name and check it. Raises: StudyInvalid."""
    if is_blank(name):
        raise StudyInvalid("give the study a name.", field="name")
    return _checked_text("name", name.strip(), most=MAX_NAME)


def checked_instructions(instructions: str) -> str:
    """Strip the instructions and check them. Raises: StudyInvalid."""
    return _checked_text("instructions", instructions.strip(), most=MAX_INSTRUCTIONS, may_have_lines=True)


def checked_labels(labels: Iterable[str], *, task_type: str) -> tuple[str, ...]:
    """Clean a label set and check it. Raises: StudyInvalid."""
    cleaned = tuple(clean(label) for label in labels if not is_blank(label))
    definition = task_type_named(task_type)
    if cleaned and not definition.has_labels:
        raise StudyInvalid(f"{definition.title} has none: its answers are written. Leave them out.", field="labels")
    least = definition.min_labels
    if not least <= len(cleaned) <= MAX_LABELS:
        raise StudyInvalid(f"between {least} and {MAX_LABELS} are needed, {len(cleaned)} given.", field="labels")
    for label in cleaned:
        if sign := unusable_sign(label):
            raise StudyInvalid(
                f"“{without_unusable(label[:40])}” has {sign}. Each is one line of plain text: remove it.",
                field="labels",
            )
        if len(label) > 200:
            raise StudyInvalid(f"“{label[:40]}…” must be one line of at most 200 characters.", field="labels")
    _refuse_alike(cleaned)
    return cleaned


def checked_requests(number: int | str) -> int | None:
    """Read a number of requests a month; None where it is blank. Raises: StudyInvalid."""
    text = str(number).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_REQUESTS):
        raise StudyInvalid(
            f"“{text[:40]}” is not a whole number from 1 to {MOST_REQUESTS:,}.", field="monthly_requests"
        )
    return int(text)


def _refuse_alike(labels: Iterable[str]) -> None:
    by_looks: dict[str, str] = {}
    for label in labels:
        looks = " ".join(comparable(label).casefold().split())
        if looks in by_looks:
            both = f"“{by_looks[looks][:40]}” and “{label[:40]}”"
            raise StudyInvalid(f"{both} differ only in case, spaces or invisible characters. Keep one.", field="labels")
        by_looks[looks] = label


def _checked_text(field_name: str, text: str, *, most: int | None = None, may_have_lines: bool = False) -> str:
    if sign := unusable_sign(text, may_have_lines=may_have_lines):
        raise StudyInvalid(f"it has {sign}, which cannot be shown to annotators. Remove it.", field=field_name)
    if most is not None and len(text) > most:
        raise StudyInvalid(f"{len(text):,} characters; the maximum is {most:,}.", field=field_name)
    return text
