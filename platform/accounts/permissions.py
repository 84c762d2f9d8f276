"""Who may do what: one table, asked by every view and by every operation that a person commands."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Role, User


class Action(StrEnum):
    """Something a person can do here. Every view names one."""

    SEE_HOME = "see the home page"
    LABEL = "label examples"
    SEE_OWN_WORK = "see their own work and pay"
    SEE_STUDY = "see a study"
    CREATE_STUDY = "create a study"
    CHANGE_STUDY = "change a study"
    IMPORT_EXAMPLES = "import examples"
    PUBLISH_EXAMPLES = "publish examples for labelling"
    SYNC_LABELS = "fetch annotations from Label Studio"
    SET_BUDGET = "set a budget"
    SET_CONFIRMATION = "set above which limit a second person must confirm"
    SEE_PRICES = "see prices"
    SET_PRICE = "set a price"
    START_RUN = "start a run"
    CANCEL_RUN = "cancel a run"
    SEE_REPORT = "see a report"
    TRY_MODEL = "try a model"
    SEE_LEDGER = "see the ledger"
    CORRECT_LEDGER = "reverse a ledger entry"
    SEE_COSTS = "see cost reports"
    RECONCILE = "reconcile the ledger"
    MANAGE_PEOPLE = "manage people"
    SEE_AUDIT = "see the audit trail"
    SEE_NOTICES = "see notices"
    MANAGE_NOTICES = "manage where notices go"


_EVERYONE = frozenset(Role)
_MANAGERS = frozenset({Role.MANAGER, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.SEE_HOME: _EVERYONE,
    Action.LABEL: _EVERYONE,
    Action.SEE_OWN_WORK: _EVERYONE,
    Action.SEE_STUDY: _MANAGERS,
    Action.CREATE_STUDY: _MANAGERS,
    Action.CHANGE_STUDY: _MANAGERS,
    Action.IMPORT_EXAMPLES: _MANAGERS,
    Action.PUBLISH_EXAMPLES: _MANAGERS,
    Action.SYNC_LABELS: _MANAGERS,
    Action.SET_BUDGET: _MANAGERS,
    Action.SET_CONFIRMATION: _ADMINS,
    Action.SEE_PRICES: _MANAGERS,
    Action.SET_PRICE: _ADMINS,
    Action.START_RUN: _MANAGERS,
    Action.CANCEL_RUN: _MANAGERS,
    Action.SEE_REPORT: _MANAGERS,
    Action.TRY_MODEL: _MANAGERS,
    Action.SEE_LEDGER: _MANAGERS,
    Action.CORRECT_LEDGER: _ADMINS,
    Action.SEE_COSTS: _MANAGERS,
    Action.RECONCILE: _ADMINS,
    Action.MANAGE_PEOPLE: _ADMINS,
    Action.SEE_AUDIT: _ADMINS,
    Action.SEE_NOTICES: _MANAGERS,
    Action.MANAGE_NOTICES: _ADMINS,
}


class Forbidden(PermissionDenied):
    """This person's role does not allow the request."""


def allows(*, actor: User, action: Action) -> bool:
    """Say whether an active person's role allows the action."""
    return actor.is_active and Role(actor.role) in ALLOWED[action]


def require(*, actor: User, action: Action) -> None:
    """Raise Forbidden unless the person's role allows the action."""
    if not allows(actor=actor, action=action):
        raise Forbidden(f"{actor.email} has the role {actor.role}, which may not {action.value}. Ask an admin.")


View = Callable[..., HttpResponseBase]


def allowed(action: Action) -> Callable[[View], View]:
    """Guard a view: sign-in first, then 403 unless the role allows the action."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)
            require(actor=request.user, action=action)
            return view(request, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]  # read by the test of every page and role
        return login_required(guarded)

    return decorate
