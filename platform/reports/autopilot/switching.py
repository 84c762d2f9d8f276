"""Switching an autopilot on and off, and its settings: by a person only."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from budgets.money import amount_text, parse_amount
from config.refusals import Refusal
from reports.autopilot.deciding import BUYS
from reports.autopilot.stepping import request_step
from reports.models import Autopilot
from studies.models import Study

SHARE_QUANTUM = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class AutopilotSettings:
    """What an autopilot may spend and when it stops.

    `share_a_day`: of the budget's limit, above 0 to 1; `cap`: for all of its purchases, in the budget's currency;
    `target`: a score above 0 to 1; `until`: the last day.
    """

    share_a_day: Decimal | str
    cap: Decimal | str
    target: Decimal | str | None = None
    until: date | None = None

    def read(self) -> dict[str, Any]:
        """The settings as they are kept. Raises: Refusal with the field."""
        if self.until is not None and self.until < timezone.localdate():
            raise Refusal(f"{self.until} is past; choose today or a later day, or none.", field="until")
        return {
            "share_a_day": _share(self.share_a_day, name="share_a_day"),
            "cap": parse_amount(self.cap, name="cap"),
            "target": None if self.target is None else float(_share(self.target, name="target")),
            "until": self.until,
        }


def _share(value: Decimal | str, *, name: str) -> Decimal:
    try:
        share = Decimal(str(value))
    except InvalidOperation:
        raise Refusal(f"“{value}” is not a number.", field=name) from None
    if not share.is_finite() or not SHARE_QUANTUM <= share <= 1:
        raise Refusal(f"{value} is not between {SHARE_QUANTUM:f} and 1; 0.1 is 10 %.", field=name)
    return share.quantize(SHARE_QUANTUM)


@transaction.atomic
def switch_on(*, actor: User, study: Study, settings: AutopilotSettings) -> Autopilot:
    """Let a study's autopilot buy for this person, or change what it may. Raises: Forbidden; Refusal; BudgetStopped."""
    for action in BUYS:
        require(actor=actor, action=action)
    values = settings.read()
    budget = Budget.objects.get(pk=study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    there = _locked(study)
    before = _recorded(there) if there else {}
    autopilot = there or Autopilot(study=study)
    for name, value in values.items():
        setattr(autopilot, name, value)
    autopilot.is_on, autopilot.acts_for, autopilot.on_since = True, actor, timezone.now()
    autopilot.reason, autopilot.reason_at = "", None
    autopilot.save()
    _record(actor, autopilot, "autopilot.on", before=before)
    request_step(study.pk)
    return autopilot


@transaction.atomic
def switch_off(*, actor: User, study: Study) -> bool:
    """End an autopilot by a person's word, once a purchase that is just made is in; what it started goes on.

    Returns: whether it was on; one that was not stays as it is. Raises: Forbidden.
    """
    require(actor=actor, action=Action.USE_AUTOPILOT)
    autopilot = _locked(study)
    if autopilot is None or not autopilot.is_on:
        return False
    before = _recorded(autopilot)
    autopilot.is_on = False
    autopilot.reason, autopilot.reason_at = f"{actor.email} switched it off.", timezone.now()
    autopilot.save()
    _record(actor, autopilot, "autopilot.off", before=before)
    return True


def _locked(study: Study) -> Autopilot | None:
    return Autopilot.objects.select_for_update(no_key=True, of=("self",)).filter(study=study).first()


def _recorded(autopilot: Autopilot) -> dict[str, Any]:
    return {
        "on": autopilot.is_on,
        "share_a_day": str(autopilot.share_a_day.normalize()),
        "cap": amount_text(autopilot.cap),
        "target": autopilot.target,
        "until": autopilot.until,
    }


def _record(actor: User, autopilot: Autopilot, action: str, *, before: dict[str, Any]) -> None:
    record(
        actor=actor,
        action=action,
        subject=str(autopilot),
        subject_id=autopilot.pk,
        budget_id=autopilot.study.budget_id,
        before=before,
        after=_recorded(autopilot),
    )
