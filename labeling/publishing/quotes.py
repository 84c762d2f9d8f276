"""What labelling some examples will cost and take, from today's prices and this study's own history."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.models import Path, Price
from budgets.prices import Scope, find_price
from labeling.models import Annotation
from labeling.payment import Terms, paid_quantity, terms_of
from labeling.publishing.batches import count_fitting, num_asked
from planning.estimates import ASSUMED_SECONDS, AnswerHistory, AnswerPrices, Estimate, estimate_answers
from studies.models import Split, Study

# Only the latest answers: people get faster, and prices change.
ANSWERS_LOOKED_AT = 1000
LATELY = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class LabelQuote:
    """What publishing examples would hold and is expected to cost, and how many of them the budget takes now.

    `num_examples` is at most the number that is left to publish; `num_wanted` were asked about.
    """

    num_wanted: int
    num_examples: int
    held: Decimal
    room: Decimal
    num_fitting: int
    estimate: Estimate
    terms: Terms

    @property
    def missing(self) -> Decimal:
        """What the budget, or a cap, lacks to hold all of it."""
        return max(self.held - self.room, Decimal(0))


def quote_labels(*, study: Study, num_examples: int, split: str = Split.POOL) -> LabelQuote:
    """Quote publishing some of a split's examples, at most as many as are left.

    Parameters: `num_examples` >= 0.
    Raises: PriceMissing.
    """
    terms = terms_of(study=study, at=timezone.now())
    asked = num_asked(study=study, split=split, num_examples=num_examples)
    left = headroom(budget=study.budget, path=Path.ANNOTATE, kind=terms.price.kind)
    return LabelQuote(
        num_wanted=num_examples,
        num_examples=len(asked),
        held=terms.total * sum(asked),
        room=left,
        num_fitting=0 if study.budget.is_stopped else count_fitting(asked, each=terms.total, left=left),
        estimate=_estimate(study, sum(asked)),
        terms=terms,
    )


def estimate_labels(*, study: Study, num_examples: int) -> Estimate:
    """Estimate cost and duration of labelling some of a study's examples.

    Parameters: `num_examples` >= 0.
    Returns: amounts in the budget's currency, platform fee included; its basis states the number of answers behind it.
    Raises: PriceMissing; ValueError (a negative number).
    """
    return _estimate(study, num_examples * study.annotations_per_example)


def _estimate(study: Study, num_answers: int) -> Estimate:
    now = timezone.now()
    answers = _latest_answers(study)
    seconds = sorted(one.lead_time.total_seconds() for one in answers if one.lead_time is not None)
    return estimate_answers(
        num_answers=num_answers,
        prices=_prices(study, answers, seconds, now),
        history=AnswerHistory(seconds=seconds, skip_rate=_skip_rate(study), num_people=max(_num_people(study, now), 1)),
    )


def _latest_answers(study: Study) -> list[Annotation]:
    answers = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED)
    return list(answers.select_related("annotator").order_by("-created_at")[:ANSWERS_LOOKED_AT])


def _skip_rate(study: Study) -> float:
    annotations = Annotation.objects.filter(example__study=study)
    num_answers = annotations.filter(state=Annotation.State.ACCEPTED).count()
    return annotations.filter(state=Annotation.State.SKIPPED).count() / num_answers if num_answers else 0.0


def _num_people(study: Study, now: datetime) -> int:
    lately = Annotation.objects.filter(example__study=study, created_at__gte=now - LATELY)
    return lately.values("annotator").distinct().count()


def _prices(study: Study, answers: list[Annotation], seconds: list[float], now: datetime) -> AnswerPrices:
    terms = terms_of(study=study, at=now)
    kind = CostKind(terms.price.kind)
    rates = {person: price.rate for person in _priced_people(study, kind) if (price := _find(study, kind, now, person))}
    default = _find(study, kind, now, None)
    usual = default.rate if default else terms.price.rate
    cheapest = min([*rates.values(), usual])
    if answers:
        counts = Counter(one.annotator for one in answers if one.annotator)
        usual = sum((rates.get(who, usual) * count for who, count in counts.items()), Decimal(0)) / counts.total()
    low, middle = _paid_quantities(study, kind, seconds)
    skip = _find(study, CostKind.SKIP, now, None)
    return AnswerPrices(
        cheapest=_with_fee(cheapest * low, terms),
        usual=_with_fee(usual * middle, terms),
        dearest=terms.total,
        skip=_with_fee(skip.rate, terms) if skip else Decimal(0),
    )


def _priced_people(study: Study, kind: CostKind) -> list[User]:
    """Who has a price of their own that may hold for this study."""
    ours = Q(budget__isnull=True) | Q(budget=study.budget)
    theirs = study.budget.price_book.prices.filter(ours, kind=kind, annotator__isnull=False)
    return list(User.objects.filter(pk__in=theirs.values("annotator"), is_active=True))


def _find(study: Study, kind: CostKind, now: datetime, person: User | None) -> Price | None:
    scope = Scope(budget=study.budget, annotator=person)
    return find_price(book=study.budget.price_book, kind=kind, at=now, scope=scope)


def _paid_quantities(study: Study, kind: CostKind, seconds: list[float]) -> tuple[Decimal, Decimal]:
    """What is paid of a quick and of a usual answer: one label, or the hours that it takes."""
    quick, usual = (seconds[len(seconds) // 4], sum(seconds) / len(seconds)) if seconds else ASSUMED_SECONDS[:2]
    low, middle = (
        paid_quantity(kind=kind, lead_time=timedelta(seconds=time), max_paid_seconds=study.max_paid_seconds)
        for time in (quick, usual)
    )
    return low, max(middle, low)


def _with_fee(amount: Decimal, terms: Terms) -> Decimal:
    return amount + (terms.fee.cost(amount) if terms.fee else Decimal(0))
