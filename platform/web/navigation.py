"""The menu that a role gets, and the tabs of a study."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.permissions import Action, allows


@dataclass(frozen=True, kw_only=True)
class Item:
    """A link of the menu or a tab. `names` are URL names: of its own page, then of others that belong to it."""

    title: str
    names: tuple[str, ...]
    action: Action


_PRICE_PAGES = (
    *("prices", "price", "add-price", "add-price-book", "import-prices", "end-override", "correct-price"),
    "confirmation",
)
_STUDY_PAGES = ("study", "change-study", "duplicate-study", "archive-study")
_REPORT_PAGES = ("report", "what-if", "autopilot", "compare", "learning-curves", "artifact", "quality", "try-artifact")
_LABEL_PAGES = (
    *("labelling", "publish", "second-opinions", "model-labels", "start-labeling-job", "audit-labels"),
    "review-labels",
)
_RUN_PAGES = ("runs", "run", "cancel-run", "start-run", "prompt", "preview-prompt", "labeling-job")
_BUDGET_FORMS = ("top-up", "set-cap", "set-thresholds", "stop-everything")

MENU = (
    Item(title="Home", names=("home", "create-study"), action=Action.SEE_HOME),
    Item(title="My work", names=("my-work",), action=Action.SEE_OWN_WORK),
    Item(title="Costs", names=("costs", "cost-entries", "reconciliation"), action=Action.SEE_COSTS),
    Item(title="Prices", names=_PRICE_PAGES, action=Action.SEE_PRICES),
    Item(title="Connections", names=("connections", "connection"), action=Action.MANAGE_CONNECTIONS),
    Item(title="Notices", names=("notices", "webhook-targets", "webhook-target"), action=Action.SEE_NOTICES),
    Item(title="People", names=("people", "person"), action=Action.MANAGE_PEOPLE),
    Item(title="Audit", names=("audit",), action=Action.SEE_AUDIT),
)

STUDY_TABS = (
    Item(title="Overview", names=_STUDY_PAGES, action=Action.SEE_STUDY),
    Item(title="Data", names=("study-data", "import-upload", "import-preview", "import-undo"), action=Action.SEE_STUDY),
    Item(title="Labelling", names=_LABEL_PAGES, action=Action.SEE_STUDY),
    Item(title="Runs", names=_RUN_PAGES, action=Action.SEE_STUDY),
    Item(title="Report", names=_REPORT_PAGES, action=Action.SEE_REPORT),
    Item(title="Costs", names=("study-costs", "statement"), action=Action.SEE_COSTS),
    Item(title="Ledger", names=("ledger", "entry", "reverse-entry"), action=Action.SEE_LEDGER),
    Item(title="Budget", names=("budget", *_BUDGET_FORMS), action=Action.SET_BUDGET),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    here = request.resolver_match.url_name if request.resolver_match else None
    if not isinstance(user, User):
        return {"product": "Fulcrum", "here": here}
    menu = [
        {"title": item.title, "url": reverse(item.names[0]), "is_current": here in item.names}
        for item in MENU
        if allows(actor=user, action=item.action)
    ]
    tabs = [{"title": item.title, "url_name": item.names[0], "is_current": here in item.names} for item in STUDY_TABS]
    return {"product": "Fulcrum", "here": here, "menu": menu, "study_tabs": tabs}
