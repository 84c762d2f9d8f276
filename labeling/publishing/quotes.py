"""What labelling some examples will cost and take, from today's prices and this study's own history."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.models import Path, Price
from budgets.prices import Scope, find_price
from labeling.agreement import first_pairs
from labeling.models import Annotation
from labeling.payment import Terms, paid_quantity, terms_of
from labeling.publishing.batches import count_fitting, num_asked
from labeling.publishing.opinions import MOST_AT_ONCE, OpinionOrdering, askable, num_to_ask
from planning.estimates import (
    ASSUMED_SECONDS,
    AnswerHistory,
    AnswerPrices,
    Estimate,
    between,
    estimate_answers,
    likely_answers,
)
from planning.likely import Likely
from studies.models import Split, Study

# Only the latest answers: people get faster, and prices change.
ANSWERS_LOOKED_AT = 1000
LATELY = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class LabelQuote:
    """What publishing `num_examples`, at most as many as are left, would hold and is expected to cost.

    `likely` is the interval around what is expected. `room` is the money that the budget, or a cap, has left
    now, and `num_fitting` how many examples that covers.
    """

    num_wanted: int
    num_examples: int
    held: Decimal
    room: Decimal
    num_fitting: int
    estimate: Estimate
    likely: Likely
    terms: Terms

    @property
    def missing(self) -> Decimal:
        return max(self.held - self.room, Decimal(0))


@dataclass(frozen=True, kw_only=True)
class _Rates:
    """What people are paid today: the usual one, and of those who have a price of their own."""

    usual: Decimal
    own: Mapping[User, Decimal]

    def of(self, person: User | None) -> Decimal:
        return self.usual if person is None else self.own.get(person, self.usual)


def quote_labels(
    *, study: Study, num_examples: int, split: str = Split.POOL, num_left: int | None = None
) -> LabelQuote:
    """Quote publishing some of a split's examples, or of `num_left` that were never published and do not go by rank.

    Raises: PriceMissing.
    """
    terms = terms_of(study=study, at=timezone.now())
    if num_left is None:
        asked = num_asked(study=study, split=split, num_examples=num_examples)
    else:
        asked = [study.annotations_per_example] * min(num_examples, num_left)
    prices, history = _history(study, terms)
    estimate = estimate_answers(num_answers=sum(asked), prices=prices, history=history)
    likely = likely_answers(num_answers=sum(asked), prices=prices, history=history)
    return _quote(study, terms, asked, num_wanted=num_examples, estimate=estimate, likely=likely)


def quote_opinions(
    *, study: Study, num_examples: int, split: str = Split.POOL, ordering: str = OpinionOrdering.RANDOM
) -> LabelQuote:
    """Quote second opinions on some labelled examples: two annotations each are held, and the second often released.

    Raises: PriceMissing.
    """
    terms = terms_of(study=study, at=timezone.now())
    found = askable(study=study, split=split, ordering=ordering)[: min(num_examples, MOST_AT_ONCE)]
    asked = num_to_ask(list(found))
    prices, history = _history(study, terms)
    num_deciding = sum(asked) - len(asked)
    num_expected = len(asked) + ceil(num_deciding * first_pairs(study).chance_to_differ)
    fewest, expected, most = (
        estimate_answers(num_answers=number, prices=prices, history=history)
        for number in (len(asked), num_expected, sum(asked))
    )
    estimate = between(fewest, expected, most)
    likely = likely_answers(num_answers=num_expected, prices=prices, history=history)
    return _quote(study, terms, asked, num_wanted=num_examples, estimate=estimate, likely=likely)


def _quote(
    study: Study, terms: Terms, asked: Sequence[int], *, num_wanted: int, estimate: Estimate, likely: Likely
) -> LabelQuote:
    """Quote examples by the number of annotations that each asks for, in their order."""
    left = headroom(budget=study.budget, path=Path.ANNOTATE, kind=terms.price.kind)
    return LabelQuote(
        num_wanted=num_wanted,
        num_examples=len(asked),
        held=terms.total * sum(asked),
        room=left,
        num_fitting=0 if study.budget.is_stopped else count_fitting(asked, each=terms.total, left=left),
        estimate=estimate,
        likely=likely,
        terms=terms,
    )


def _history(study: Study, terms: Terms) -> tuple[AnswerPrices, AnswerHistory]:
    """Today's prices of an answer, and how answers went so far."""
    now, annotations = timezone.now(), Annotation.objects.filter(example__study=study)
    accepted = annotations.filter(state=Annotation.State.ACCEPTED)
    latest = list(accepted.select_related("annotator").order_by("-created_at")[:ANSWERS_LOOKED_AT])
    seconds = sorted(one.lead_time.total_seconds() for one in latest if one.lead_time is not None)
    num_skips = annotations.filter(state=Annotation.State.SKIPPED).count()
    num_people = annotations.filter(created_at__gte=now - LATELY).values("annotator").distinct().count()
    num_accepted = accepted.count()
    rates = _rates(study, terms, now)
    history = AnswerHistory(
        seconds=seconds,
        skip_rate=num_skips / num_accepted if num_accepted else 0.0,
        num_people=max(num_people, 1),
        costs=_costs(study, terms, latest, rates),
        num_answers=num_accepted,
    )
    return _prices(study, terms, latest, rates, seconds), history


def _rates(study: Study, terms: Terms, now: datetime) -> _Rates:
    cost_kind = CostKind(terms.price.kind)
    own = {
        person: price.rate
        for person in _priced_people(study, cost_kind)
        if (price := _find(study, cost_kind, now, person))
    }
    default = _find(study, cost_kind, now, None)
    return _Rates(usual=default.rate if default else terms.price.rate, own=own)


def _costs(study: Study, terms: Terms, answers: Sequence[Annotation], rates: _Rates) -> list[float]:
    """What each answer would cost at today's prices, its fee included."""
    fee = _with_fee(Decimal(1), terms)
    return [
        float(rates.of(one.annotator) * fee * _paid(study, terms.price.kind, one.lead_time))
        for one in answers
        if one.lead_time is not None or terms.price.kind == CostKind.LABEL
    ]


def _prices(
    study: Study, terms: Terms, answers: Sequence[Annotation], rates: _Rates, seconds: Sequence[float]
) -> AnswerPrices:
    usual = rates.usual
    if answers:
        counts = Counter(one.annotator for one in answers if one.annotator)
        usual = sum((rates.of(who) * count for who, count in counts.items()), Decimal(0)) / counts.total()
    low, middle = _paid_quantities(study, terms.price.kind, seconds)
    skip = _find(study, CostKind.SKIP, timezone.now(), None)
    return AnswerPrices(
        cheapest=_with_fee(min([*rates.own.values(), rates.usual]) * low, terms),
        usual=_with_fee(usual * middle, terms),
        dearest=terms.total,
        skip=_with_fee(skip.rate, terms) if skip else Decimal(0),
    )


def _priced_people(study: Study, cost_kind: CostKind) -> list[User]:
    """List people with a price of their own that may hold for this study."""
    ours = Q(budget__isnull=True) | Q(budget=study.budget)
    theirs = study.budget.price_book.prices.filter(ours, kind=cost_kind, annotator__isnull=False)
    return list(User.objects.filter(pk__in=theirs.values("annotator"), is_active=True))


def _find(study: Study, cost_kind: CostKind, now: datetime, person: User | None) -> Price | None:
    scope = Scope(budget=study.budget, annotator=person)
    return find_price(book=study.budget.price_book, kind=cost_kind, at=now, scope=scope)


def _paid_quantities(study: Study, cost_kind: str, seconds: Sequence[float]) -> tuple[Decimal, Decimal]:
    """Find what is paid of a quick and of a usual answer: one label, or the hours that it takes."""
    quick, usual = (seconds[len(seconds) // 4], sum(seconds) / len(seconds)) if seconds else ASSUMED_SECONDS[:2]
    low, middle = (_paid(study, cost_kind, timedelta(seconds=time)) for time in (quick, usual))
    return low, max(middle, low)


def _paid(study: Study, cost_kind: str, lead_time: timedelta | None) -> Decimal:
    return paid_quantity(cost_kind=cost_kind, lead_time=lead_time, max_paid_seconds=study.max_paid_seconds)


def _with_fee(amount: Decimal, terms: Terms) -> Decimal:
    return amount + (terms.fee.cost(amount) if terms.fee else Decimal(0))
