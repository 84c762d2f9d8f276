"""Signing people in to Label Studio."""

import time
from urllib.parse import urlencode

from django.conf import settings

from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from labeling import tickets
from labeling.label_studio import LabelStudioRefused
from labeling.sync import published_project
from labeling.withdraw import kept_open
from studies.models import Study


def enter_url(*, actor: User, study: Study, manage: bool = False, session_key: str | None = None) -> str:
    """Make a link that signs a person in to Label Studio, once and soon, and opens the next example.

    Parameters: `manage` opens the list of all examples instead, for who may publish; `session_key` is the Fulcrum
    session with which access ends.
    Raises: Forbidden; NothingPublished; LabelStudioRefused (no ticket key is set); BudgetStopped (unless this person
    had an example open when the stop came, or is to manage).
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES if manage else Action.LABEL)
    project = published_project(study=study)
    budget = Budget.objects.get(pk=study.budget_id)
    if budget.is_stopped and not manage and not kept_open(study=study).filter(kept_for=actor).exists():
        raise BudgetStopped(budget)
    page = f"/projects/{project.label_studio_id}/data"
    return ticket_url(person=actor, page=page if manage else f"{page}?labeling=1", session_key=session_key)


def ticket_url(*, person: User, page: str, session_key: str | None = None) -> str:
    """Make a link that signs a person in to Label Studio and opens one of its pages (a path).

    Without a session's key, access depends on their account and role alone.
    """
    if not settings.LABEL_STUDIO_URL or not settings.TICKET_KEY:
        raise LabelStudioRefused("No Label Studio is configured: set LABEL_STUDIO_URL and FULCRUM_TICKET_KEY.")
    ticket = tickets.SignInTicket(
        email=person.email,
        name=person.name,
        role=person.role,
        expires_at=int(time.time()) + settings.TICKET_SECONDS,
        next=page,
        session=tickets.session_reference(session_key),
        is_replay=person.is_replay,
    )
    query = urlencode({"ticket": tickets.seal(key=settings.TICKET_KEY, message=ticket)})
    return f"{settings.LABEL_STUDIO_URL}/fulcrum/enter?{query}"
