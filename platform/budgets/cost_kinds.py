"""What a price is for, and so what an entry pays for: each kind of cost is one record here, and one migration.

A kind whose entries come from something new also needs a source: a member of `SourceType`, and its line in
`reports.sources`, which says how such entries are verified and what they lead to.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from django.db import models


class SourceType(Enum):
    """What an entry is made for. It decides how the entry is verified, linked and put on a bill of materials."""

    ANNOTATION = "annotation"  # accepted work of an annotator: `annotation:<unique id>`
    ATTEMPT = "run"  # the device time of a run's attempt: `run:<id>:attempt:<n>`
    ENTRY = "entry"  # another entry, which it is on top of
    CALLER = "caller"  # whatever the caller's own source key names; its amount is its quantity at its price


class Unit(NamedTuple):
    """What quantities are counted in: in our exports, and in FOCUS."""

    name: str
    focus_name: str


class FocusService(NamedTuple):
    name: str
    subcategory: str


HOURS = Unit("hours", "Hours")
_OTHER = "Other (AI and Machine Learning)"
LABELLING = FocusService("Labelling", _OTHER)
PLATFORM = FocusService("Labelling platform", _OTHER)
COMPUTE = FocusService("Training and scoring", "Machine Learning")
TOKENS = FocusService("Teacher tokens", "Generative AI")


@dataclass(frozen=True)
class CostFacts:
    """All that a kind of cost is, beside its value and its label. A unit of None is the budget's currency."""

    source: SourceType
    unit: Unit | None
    focus_service: FocusService
    chart_colour: str
    is_paid_to_people: bool = False
    is_counted_in_hours: bool = False


def _labelling(
    unit: Unit, colour: str, *, source: SourceType = SourceType.ANNOTATION, is_counted_in_hours: bool = False
) -> CostFacts:
    return CostFacts(source, unit, LABELLING, colour, is_paid_to_people=True, is_counted_in_hours=is_counted_in_hours)


def _tokens(colour: str) -> CostFacts:
    return CostFacts(SourceType.CALLER, Unit("1,000 tokens", "1000 Tokens"), TOKENS, colour)


class CostKind(models.TextChoices):
    """The kinds of cost. Chart colours are after Okabe and Ito: told apart by colour-blind readers."""

    facts: CostFacts

    # Optional only to the eyes of a type checker, for which `CostKind(value)`, a look-up, comes here too.
    def __new__(cls, value: str, facts: CostFacts | None = None) -> "CostKind":
        if facts is None:
            raise TypeError(f"The kind of cost {value!r} has no facts.")
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.facts = facts
        return kind

    LABEL = "label", _labelling(Unit("labels", "Labels"), "#0072b2"), "Accepted label"
    LABELLING_HOUR = "labelling_hour", _labelling(HOURS, "#56b4e9", is_counted_in_hours=True), "Hour of labelling"
    REVIEW = "review", _labelling(Unit("reviews", "Reviews"), "#009e73", source=SourceType.CALLER), "Review"
    SKIP = "skip", _labelling(Unit("skips", "Skips"), "#f0e442"), "Skip"
    PLATFORM_FEE = "platform_fee", CostFacts(SourceType.ENTRY, None, PLATFORM, "#999999"), "Platform fee"
    DEVICE_HOUR = (
        "device_hour",
        CostFacts(SourceType.ATTEMPT, HOURS, COMPUTE, "#d55e00", is_counted_in_hours=True),
        "Device hour",
    )
    INPUT_TOKENS = "input_tokens", _tokens("#e69f00"), "1,000 input tokens"
    CACHED_TOKENS = "cached_tokens", _tokens("#cc79a7"), "1,000 cached input tokens"
    OUTPUT_TOKENS = "output_tokens", _tokens("#a05195"), "1,000 output tokens"
    KWH = "kwh", CostFacts(SourceType.CALLER, Unit("kilowatt-hours", "kWh"), COMPUTE, "#8c8c4a"), "Kilowatt-hour"


# Only these may have a price of one annotator's own.
PAID_TO_PEOPLE = frozenset(kind for kind in CostKind if kind.facts.is_paid_to_people)
# Priced by model: the name of a connection stands where a device hour names its device.
TOKEN_KINDS = (CostKind.INPUT_TOKENS, CostKind.CACHED_TOKENS, CostKind.OUTPUT_TOKENS)
TOKENS_PER_UNIT = 1000


def kinds_of(*sources: SourceType) -> list[CostKind]:
    return [kind for kind in CostKind if kind.facts.source in sources]
