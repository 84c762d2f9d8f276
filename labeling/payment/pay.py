"""What an annotation is paid: at the price that its annotator had when the example was published, and known then."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.ledger import (
    AlreadyReversed,
    BudgetExceeded,
    BudgetStopped,
    CapExceeded,
    Cost,
    HoldRequest,
    charge,
    settle,
    take_back,
)
from budgets.limits import exhaust
from budgets.models import Budget, BudgetStop, Hold, LedgerEntry, Origin, Path, Price
from budgets.money import hours_of, quantize
from budgets.prices import Scope, find_price, highest_price
from labeling.models import Annotation, Assignment, Publication
from studies.models import PayBasis, Study

NO_TIME = "Label Studio reported no lead time, so nothing is paid."


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The maximum cost of one annotation: the highest annotator price, and the platform fee on top."""

    price: Price
    quantity: Decimal
    fee: Price | None

    def hold_request(self, source_key: str) -> HoldRequest:
        amount = self.price.cost(self.quantity)
        return HoldRequest(source_key=source_key, amount=amount, price=self.price, path=Path.ANNOTATE, fee=self.fee)

    @property
    def total(self) -> Decimal:
        return self.hold_request("annotation").total


def terms_of(*, study: Study, at: datetime) -> Terms:
    """Find what is held for each annotation that a study asks for. Raises: PriceMissing."""
    budget = study.budget
    is_hourly = study.pay_basis == PayBasis.PER_HOUR
    cost_kind = CostKind.LABELLING_HOUR if is_hourly else CostKind.LABEL
    return Terms(
        price=highest_price(budget=budget, kind=cost_kind, at=at),
        quantity=hours(timedelta(seconds=study.max_paid_seconds)) if is_hourly else Decimal(1),
        fee=find_price(book=budget.price_book, kind=CostKind.PLATFORM_FEE, at=at, scope=Scope(budget=budget)),
    )


def hours(time: timedelta) -> Decimal:
    return hours_of(time // timedelta(microseconds=1))


def promised_price(*, hold: Hold, annotator: User) -> Price:
    """Find this annotator's price when the hold was placed; never more than was held."""
    found = _price_then(hold, CostKind(hold.kind), annotator)
    return found if found is not None and found.rate <= hold.price.rate else hold.price


def _price_then(hold: Hold, cost_kind: CostKind, annotator: User) -> Price | None:
    at, scope = hold.created_at, Scope(budget=hold.budget, annotator=annotator)
    return find_price(book=hold.price.book, kind=cost_kind, at=at, scope=scope, known_at=at)


def paid_quantity(*, cost_kind: str, lead_time: timedelta | None, max_paid_seconds: int) -> Decimal:
    """Return what of an annotation is paid: one label, or the hours of its lead time up to the study's maximum."""
    if cost_kind != CostKind.LABELLING_HOUR:
        return Decimal(1)
    time = min(lead_time or timedelta(0), timedelta(seconds=max_paid_seconds))
    return hours(max(time, timedelta(0)))


def _covered(quantity: Decimal, *, hold: Hold, price: Price) -> Decimal:
    """Round hours down to six decimals if the hold was placed for such and would not cover them."""
    request = HoldRequest(source_key=hold.source_key, amount=price.cost(quantity), price=price, fee=hold.fee)
    return quantity if request.total <= hold.amount else quantize(quantity)


def pay_answer(*, assignment: Assignment, annotation: Annotation) -> LedgerEntry:
    """Pay for an acceptable annotation: from its assignment's hold or, if that was released, from what is left.

    Raises: BudgetExceeded; CapExceeded; BudgetStopped (only if the hold was released).
    """
    hold, annotator = assignment.hold, annotation.annotator
    assert annotator is not None, "only a known annotator's work is acceptable"
    price = promised_price(hold=hold, annotator=annotator)
    max_paid_seconds = assignment.publication.example.study.max_paid_seconds
    quantity = paid_quantity(cost_kind=price.kind, lead_time=annotation.lead_time, max_paid_seconds=max_paid_seconds)
    cost = _cost(annotation, hold, price, _covered(quantity, hold=hold, price=price))
    if hold.closed_at is None:
        return settle(hold=hold, cost=cost, price=price)
    return charge(budget=hold.budget, cost=cost, price=price, path=Path.ANNOTATE, fee=hold.fee)


def _cost(annotation: Annotation, hold: Hold, price: Price, quantity: Decimal) -> Cost:
    stop = stop_at(budget=hold.budget, moment=annotation.updated_at)
    return Cost(
        source_key=annotation.source_key,
        quantity=quantity,
        amount=price.cost(quantity),
        origin=Origin(annotation.origin),
        occurred_at=annotation.created_at,
        memo="" if quantity else NO_TIME,
        payee=annotation.annotator,
        # Of a person's answers after a stop, the first is the one that was open at the stop.
        overshoot=stop is not None and not has_overshot(stop=stop, annotator=annotation.annotator),
    )


def stop_at(*, budget: Budget, moment: datetime) -> BudgetStop | None:
    stops = budget.stops.filter(started_at__lte=moment).exclude(ended_at__lte=moment)
    return stops.order_by("started_at").last()


def has_overshot(*, stop: BudgetStop, annotator: User | None) -> bool:
    """Whether an answer of this person was paid as open at the stop."""
    paid = Annotation.objects.filter(
        annotator=annotator, entry__budget=stop.budget_id, entry__overshoot=True, updated_at__gte=stop.started_at
    )
    return (paid.filter(updated_at__lt=stop.ended_at) if stop.ended_at else paid).exists()


def pay_skip(*, publication: Publication, annotation: Annotation) -> None:
    """Pay for a skip where skips had a price when the example was published: once per annotator and example.

    If the budget cannot pay, it stops, and the skip waits for its pay.
    """
    is_paid = _others(annotation).filter(Q(entry__isnull=False) | Q(awaits_pay=True))
    if annotation.entry is not None or annotation.annotator is None or is_paid.exists():
        annotation.awaits_pay = False
        return
    assignments = publication.assignments.select_related("hold__price__book", "hold__budget", "hold__fee")
    hold = assignments.order_by("-hold__created_at", "number")[0].hold
    price = _price_then(hold, CostKind.SKIP, annotation.annotator)
    if price is None:
        return
    cost = _cost(annotation, hold, price, Decimal(1))
    cost = replace(cost, source_key=annotation.skip_key, subject_key=annotation.source_key)
    annotation.awaits_pay = True
    try:
        annotation.entry = charge(budget=hold.budget, cost=cost, price=price, path=Path.ANNOTATE, fee=hold.fee)
        annotation.awaits_pay = False
    except (BudgetStopped, CapExceeded):
        pass
    except BudgetExceeded as refusal:
        exhaust(budget=hold.budget, reason=f"A skip by {annotation.annotator.email} is to be paid. {refusal}")


def take_back_skips(annotation: Annotation) -> None:
    """Reverse pay for a skip that became an answer, or was followed by one, which is paid instead.

    The caller saves the annotation itself.
    """
    _take_back(annotation)
    for other in _others(annotation).exclude(state=Annotation.State.ACCEPTED):
        if other.entry is not None or other.awaits_pay:
            _take_back(other)
            other.save(update_fields=["entry", "awaits_pay"])


def _take_back(annotation: Annotation) -> None:
    entry, annotation.entry, annotation.awaits_pay = annotation.entry, None, False
    while entry is not None and hasattr(entry, "replacement"):
        entry = entry.replacement
    if entry is not None:
        with suppress(AlreadyReversed):
            take_back(entry=entry, reason="The skip became an answer, which is paid instead.")


def _others(annotation: Annotation) -> QuerySet[Annotation]:
    """List the same person's other annotations of the same example."""
    theirs = Annotation.objects.filter(example=annotation.example, annotator=annotation.annotator)
    return theirs.exclude(unique_id=annotation.unique_id)
