"""Reads of people and of the audit trail."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import AuditRecord, Role, User
from config.refusals import Refusal


class PersonNotFound(Refusal):
    """No active person has this e-mail."""


def find_person(email: str) -> User:
    """The active person with this e-mail, or without one the first active admin. Raises: PersonNotFound."""
    people = User.objects.filter(is_active=True)
    if email:
        person = people.filter(email__iexact=email).first()
    else:
        person = people.filter(role=Role.ADMIN).order_by("pk").first()
    if person is None:
        raise PersonNotFound(
            f"No active person has the e-mail {email!r}." if email else "There is no active admin yet."
        )
    return person


def find_account(email: str, *, option: str) -> User:
    """The person with this e-mail, also one who left; `option` names where it was asked for. Raises: PersonNotFound."""
    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        raise PersonNotFound(f"no one here has the e-mail {email!r}.", field=option)
    return person


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which records of the audit trail are selected. Days are UTC, both ends included; what is None asks nothing."""

    actor_id: int | None = None
    by_fulcrum: bool = False
    action: str = ""
    subject: str = ""
    budget_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None


def audit_records(*, wanted: AuditFilter) -> QuerySet[AuditRecord]:
    """List records, the latest first."""
    rows = AuditRecord.objects.order_by("-at", "-id")
    if wanted.by_fulcrum:
        rows = rows.filter(actor__isnull=True)
    elif wanted.actor_id is not None:
        rows = rows.filter(actor=wanted.actor_id)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.subject:
        rows = rows.filter(subject__icontains=wanted.subject)
    if wanted.budget_id is not None:
        rows = rows.filter(budget_id=wanted.budget_id)
    if wanted.first_day is not None:
        rows = rows.filter(at__gte=_midnight(wanted.first_day))
    if wanted.last_day is not None and wanted.last_day < date.max:
        rows = rows.filter(at__lt=_midnight(wanted.last_day + timedelta(days=1)))
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def recorded_actors() -> QuerySet[User]:
    return User.objects.filter(pk__in=AuditRecord.objects.values("actor")).order_by("name", "email")


def recorded_actions() -> list[str]:
    return list(AuditRecord.objects.order_by("action").values_list("action", flat=True).distinct())


def recorded_state(*, action: str, subject_id: int) -> dict[str, Any]:
    """What all records of an action on one thing add up to: its values as last written down."""
    subject_type = action.partition(".")[0]
    rows = AuditRecord.objects.filter(action=action, subject_type=subject_type, subject_id=subject_id)
    state: dict[str, Any] = {}
    for after in rows.order_by("at", "id").values_list("after", flat=True):
        state.update(after)
    return state
