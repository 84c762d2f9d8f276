"""Raising a limit: at once, or, above an amount that admins set, once a second person has confirmed it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, allows, require
from budgets.ledger import end_stop, lock, notify_thresholds, stop_if_spent
from budgets.models import Budget, LimitRequest, PriceBook
from budgets.money import amount_text, parse_amount
from config.refusals import Refusal

HOURS_TO_DECIDE = 72


class StaleEdit(Refusal):
    """Another user changed the same value in the meantime; nothing was changed."""


class LimitRequestWaits(Refusal):
    """Another raise of this limit waits already; there is one at a time."""


class LimitRequestClosed(Refusal):
    """The request was decided before, or its time is over."""


class SecondPersonNeeded(Refusal):
    """A raise cannot be confirmed by the person who requested it."""


@transaction.atomic
def set_confirm_above(*, actor: User, book: PriceBook, amount: Decimal | str | None) -> PriceBook:
    """Set the limit above which a price book's budgets need a second person (None: never); open requests stay."""
    require(actor=actor, action=Action.SET_CONFIRMATION)
    parsed = None if amount is None else parse_amount(amount, name="amount", allow_zero=True)
    locked = PriceBook.objects.select_for_update(no_key=True).get(pk=book.pk)
    before, locked.confirm_above = locked.confirm_above, parsed
    locked.save(update_fields=["confirm_above"])
    record(
        actor=actor,
        action="price_book.confirm_above",
        subject=f"Price book “{book}”",
        subject_id=book.pk,
        before={"amount": before},
        after={"amount": parsed},
    )
    return locked


def waiting_requests() -> QuerySet[LimitRequest]:
    return LimitRequest.objects.filter(outcome="", expires_at__gt=timezone.now())


def waiting_request(budget: Budget) -> LimitRequest | None:
    return waiting_requests().filter(budget=budget).select_related("asked_by", "budget").first()


def raise_or_ask(actor: User, locked: Budget, amount: Decimal) -> Budget:
    """Give a locked budget another limit, or ask for a second person where that takes one."""
    above = locked.price_book.confirm_above
    if amount > locked.limit and above is not None and amount > above:
        _ask(actor, locked, amount)
        return locked
    return _change_limit(actor, locked, amount)


def _ask(actor: User, locked: Budget, amount: Decimal) -> None:
    """The same person who asks for the same again, as a form sent twice does, has asked once."""
    waiting = waiting_request(locked)
    if waiting is not None:
        if (waiting.asked_by, waiting.new_limit) == (actor, amount):
            return
        raise LimitRequestWaits(
            f"{waiting.asked_by.email} asked for a limit of {amount_text(waiting.new_limit)} {locked.currency} "
            "already. Confirm, decline or withdraw that request first."
        )
    now = timezone.now()
    late = locked.limit_requests.filter(outcome="")
    late.update(outcome=LimitRequest.Decision.EXPIRED, decided_at=now)
    LimitRequest.objects.create(
        budget=locked,
        old_limit=locked.limit,
        new_limit=amount,
        asked_by=actor,
        asked_at=now,
        expires_at=now + timedelta(hours=HOURS_TO_DECIDE),
    )
    record_change(locked, actor, "budget.ask_limit", before={"limit": str(locked.limit)}, after={"limit": str(amount)})


@transaction.atomic
def confirm_limit(*, actor: User, request: LimitRequest) -> Budget:
    """Confirm a raise that another person requested. Confirming twice raises once.

    Raises SecondPersonNeeded, LimitRequestClosed, or StaleEdit where the limit changed since the request.
    """
    require(actor=actor, action=Action.SET_BUDGET)
    locked = lock(request.budget)
    found = _locked(request)
    if found.state == LimitRequest.Decision.CONFIRMED and found.decided_by == actor:
        return locked
    _check_waits(found)
    if found.asked_by == actor:
        raise SecondPersonNeeded("You asked for this raise yourself: another manager or admin must confirm it.")
    if not allows(actor=found.asked_by, action=Action.SET_BUDGET):
        raise LimitRequestClosed(
            f"{found.asked_by.email}, who made the request, can no longer set budgets. Decline the request."
        )
    if locked.limit != found.old_limit:
        raise StaleEdit(
            f"The limit is now {amount_text(locked.limit)}; it was {amount_text(found.old_limit)} when the raise was "
            "requested. Decline this request and make a new one if still needed."
        )
    _close(found, LimitRequest.Decision.CONFIRMED, actor)
    return _change_limit(actor, locked, found.new_limit, asked_by=found.asked_by)


@transaction.atomic
def decline_limit(*, actor: User, request: LimitRequest) -> LimitRequest:
    """Decline a raise that another person requested, or withdraw one's own. Raises LimitRequestClosed."""
    require(actor=actor, action=Action.SET_BUDGET)
    lock(request.budget)
    found = _locked(request)
    is_own = found.asked_by == actor
    outcome = LimitRequest.Decision.WITHDRAWN if is_own else LimitRequest.Decision.REFUSED
    if found.state == outcome and found.decided_by == actor:
        return found
    _check_waits(found)
    _close(found, outcome, actor)
    action = "budget.withdraw_limit" if is_own else "budget.refuse_limit"
    record_change(found.budget, actor, action, before={"asked_limit": str(found.new_limit)}, after={})
    return found


def _locked(request: LimitRequest) -> LimitRequest:
    """The request as it is now; its budget's lock keeps it so."""
    return LimitRequest.objects.select_related("budget", "asked_by", "decided_by").get(pk=request.pk)


def _check_waits(found: LimitRequest) -> None:
    if found.state:
        by = f" by {found.decided_by.email}" if found.decided_by else ""
        raise LimitRequestClosed(
            f"The request for a limit of {amount_text(found.new_limit)} is {found.state_in_words.lower()}{by}; "
            "nothing was changed. Make a new request if still needed."
        )


def _close(found: LimitRequest, outcome: LimitRequest.Decision, actor: User) -> None:
    found.outcome, found.decided_by, found.decided_at = outcome, actor, timezone.now()
    found.save(update_fields=["outcome", "decided_by", "decided_at"])


def _change_limit(actor: User, locked: Budget, amount: Decimal, *, asked_by: User | None = None) -> Budget:
    before, locked.limit = locked.limit, amount
    locked.save(update_fields=["limit"])
    if before == amount:
        return locked
    asked = {"asked_by": asked_by.email} if asked_by else {}
    after = {"limit": str(amount), **asked}
    record_change(locked, actor, "budget.limit", before={"limit": str(before)}, after=after)
    if amount < before:
        # What is spent, as if it were the same part of the new limit that it was of the old one.
        notify_thresholds(locked, before=locked.spent * amount / before)
        stop_if_spent(locked)
    elif locked.archived_at is None and (stop := locked.active_stop) and stop.is_exhausted:
        end_stop(locked, actor=actor)
    return locked


def check_unchanged(name: str, expected: Decimal | None, found: Decimal) -> None:
    """Raise StaleEdit where a change was decided on another value than there is."""
    if expected is not None and expected != found:
        raise StaleEdit(
            f"the limit is {amount_text(found)} now; it was {amount_text(expected)} when you opened the page. "
            "It was changed in the meantime, or this form was already submitted. Check the current limit and try "
            "again.",
            field=name,
        )


def record_change(
    budget: Budget, actor: User, action: str, *, before: dict[str, Any], after: dict[str, Any], part: str = ""
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"Budget “{budget}”" + (f", {part.lower()}" if part else ""),
        subject_id=budget.pk,
        budget_id=budget.pk,
        before=before,
        after=after,
    )
