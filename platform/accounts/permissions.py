"""Who may do what: one table, asked by every view and by every operation that a person commands."""

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Role, User

_EVERYONE = frozenset(Role)
_MANAGERS = frozenset({Role.MANAGER, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})


class Action(Enum):
    """Something a person can do here, and the roles that may. Every view names one."""

    SEE_HOME = "see the home page", _EVERYONE
    LABEL = "label examples", _EVERYONE
    SEE_OWN_WORK = "see their own work and pay", _EVERYONE
    SEE_STUDY = "see a study", _MANAGERS
    CREATE_STUDY = "create a study", _MANAGERS
    CHANGE_STUDY = "change a study", _MANAGERS
    IMPORT_EXAMPLES = "import examples", _MANAGERS
    PUBLISH_EXAMPLES = "publish examples for labelling", _MANAGERS
    SYNC_LABELS = "fetch annotations from Label Studio", _MANAGERS
    SET_BUDGET = "set a budget", _MANAGERS
    SET_CONFIRMATION = "set above which limit a second person must confirm", _ADMINS
    SEE_PRICES = "see prices", _MANAGERS
    SET_PRICE = "set a price", _ADMINS
    START_RUN = "start a run", _MANAGERS
    ASK_LANGUAGE_MODEL = "buy answers of a language model", _MANAGERS
    CANCEL_RUN = "cancel a run", _MANAGERS
    SEE_REPORT = "see a report", _MANAGERS
    USE_AUTOPILOT = "switch an autopilot on or off", _MANAGERS
    IMPORT_SURFACES = "import recorded surfaces", _MANAGERS
    TRY_MODEL = "try a model", _MANAGERS
    SEE_LEDGER = "see the ledger", _MANAGERS
    CORRECT_LEDGER = "reverse a ledger entry", _ADMINS
    SEE_COSTS = "see cost reports", _MANAGERS
    RECONCILE = "reconcile the ledger", _ADMINS
    MANAGE_PEOPLE = "manage people", _ADMINS
    SEE_AUDIT = "see the audit trail", _ADMINS
    SEE_NOTICES = "see notices", _MANAGERS
    MANAGE_NOTICES = "manage where notices go", _ADMINS
    MANAGE_CONNECTIONS = "manage connections to language models", _ADMINS

    def __init__(self, words: str, roles: frozenset[Role]) -> None:
        self.words = words
        self.roles = roles


class Forbidden(PermissionDenied):
    """This person's role does not allow the request."""


def allows(*, actor: User, action: Action) -> bool:
    return actor.is_active and Role(actor.role) in action.roles


def require(*, actor: User, action: Action) -> None:
    """Raises: Forbidden."""
    if not allows(actor=actor, action=action):
        raise Forbidden(f"{actor.email} has the role {actor.role}, which may not {action.words}. Ask an admin.")


View = Callable[..., HttpResponseBase]


def allowed(action: Action) -> Callable[[View], View]:
    """Guard a view: sign-in first, then 403 unless the role allows the action."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)
            require(actor=request.user, action=action)
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
