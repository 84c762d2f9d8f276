"""Students on offer as points of the chart: what they are expected to cost and to reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import QuerySet, Sum

from budgets.money import ZERO
from labeling.models import Annotation, Assignment
from reports.advice.reading import NextTranche
from reports.advice.records import OfferRecord
from reports.bills import StudyLedger, as_text, read_lists
from runs.results import kept_scores
from studies.models import Example, Split
from studies.queries import awaiting_annotation, gold, labelled

MOST_PLANNED = 12


@dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """An offer whose score can be told. `dollars` is what its student's bill is expected to come to."""

    offer: OfferRecord
    dollars: Decimal
    currency: str
    is_recommended: bool = False

    @property
    def utility(self) -> float:
        """The expected score, 0 to 1."""
        assert self.offer.score is not None
        return self.offer.score / 100

    @property
    def band_80(self) -> tuple[float, float]:
        """From and to, 0 to 1."""
        return _fractions(self.offer.band_80)

    @property
    def band_90(self) -> tuple[float, float]:
        """From and to, 0 to 1."""
        return _fractions(self.offer.band_90)


@dataclass(frozen=True)
class PlannedBills:
    """What the bill of a planned student is expected to come to: its price, and what it uses of what is there."""

    ledger: StudyLedger

    def total(self, offer: OfferRecord) -> Decimal:
        """Count labels as a bill does: paid ones in full, imported ones not at all; waiting ones by the money held.

        Scores that labels were chosen by, or would be, are counted as a bill does, too.
        """
        if offer.teacher_run is not None:
            return offer.price + self.ledger.bill(run_id=offer.teacher_run).total
        there = (self._labels_of_all if offer.num_by_model else self._labels)[: offer.labels]
        scores = {scores_key for _, scores_key in there} | self._scores_of_others(offer)
        chosen_by = self.ledger.scores_charges(scores_keys=scores - {""}).amount
        there_paid = self._paid([keys for keys, _ in there])
        return offer.price + there_paid + chosen_by + (self._waiting if offer.num_waiting else ZERO)

    @cached_property
    def _labels(self) -> list[tuple[list[str], str]]:
        """Of each label of the pool, in the order in which runs take them: its source keys, and its scores' key."""
        return _read_labels(gold(self.ledger.study, Split.POOL))

    def _scores_of_others(self, offer: OfferRecord) -> set[str]:
        """What labels that are on their way were chosen by, and what those would be that are to be bought."""
        waiting = set(self._awaited.values_list("scores_key", flat=True)) if offer.num_waiting else set()
        scores = kept_scores(self.ledger.study) if offer.is_chosen and offer.scorer is None else None
        return waiting | ({scores.run.source_key} if scores else set())

    @property
    def _awaited(self) -> QuerySet[Example]:
        return awaiting_annotation(self.ledger.study).filter(split=Split.POOL, label__isnull=True)

    @cached_property
    def _labels_of_all(self) -> list[tuple[list[str], str]]:
        """The same with the labels that a language model gave."""
        return _read_labels(labelled(self.ledger.study, Split.POOL))

    @cached_property
    def _waiting(self) -> Decimal:
        """Of labels on their way: the money held, and what the answers that are there already cost."""
        waiting = self._awaited.values("pk")
        open_ones = Assignment.objects.waiting().filter(publication__example__in=waiting)
        held = open_ones.aggregate(held=Sum("hold__remaining", default=ZERO))["held"]
        answers = Annotation.objects.filter(example__in=waiting, entry__isnull=False)
        return Decimal(held) + self._paid([list(answers.values_list("entry__subject_key", flat=True))])

    def _paid(self, keys_of_labels: Sequence[Sequence[str]]) -> Decimal:
        return self.ledger.label_charges(source_keys=(key for keys in keys_of_labels for key in keys)).amount


def _read_labels(examples: QuerySet[Example]) -> list[tuple[list[str], str]]:
    rows = list(examples.values_list(as_text("label__source_keys"), "scores_key"))
    return list(zip(read_lists([keys for keys, _ in rows]), (scores_key for _, scores_key in rows), strict=True))


def planned_points(found: NextTranche, *, ledger: StudyLedger) -> list[PlannedPoint]:
    """The recommended student, and of each path, number of labels and of layers the best on offer, a dozen in all.

    Only those whose score can be told; none where points, prices, money or labels have changed since.
    """
    offers = _shown(found) if found.is_current else []
    bills, currency = PlannedBills(ledger), found.study.budget.currency
    return [
        PlannedPoint(offer=one, dollars=bills.total(one), currency=currency, is_recommended=one == found.best)
        for one in offers
    ]


def _shown(found: NextTranche) -> list[OfferRecord]:
    first = [found.best] if found.best else []
    shown: dict[tuple[str, int, int, bool, bool], OfferRecord] = {}
    for offer in [*first, *found.offers]:
        if offer.can_tell and not offer.is_teacher:
            kind_of_labels = offer.num_by_model > 0, offer.num_to_verify > 0
            shown.setdefault((offer.path, offer.labels, len(offer.layers), *kind_of_labels), offer)
    return list(shown.values())[:MOST_PLANNED]


def _fractions(band: tuple[float, float] | None) -> tuple[float, float]:
    assert band is not None, "a score that can be told has bands"
    return band[0] / 100, band[1] / 100
