# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Who asks: one answer for Label Studio's pages and its API, which by themselves look in different places."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from labeling.server.access import roles
from labeling.server.rules import STAFF_ROLES, Group

# Where a session keeps what its ticket said.
ENTRY = "fulcrum"
FROM_HERE = frozenset({"same-origin", "none"})


class NotSignedIn(Exception):
    """Nobody whom Fulcrum knows asks; the message says so to them."""


class ForeignOrigin(Exception):
    """A page of another site had the browser send this."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, and under which rules."""

    group: Group
    user: Any
    is_replay: bool = False

    @property
    def is_person(self) -> bool:
        return self.group in {Group.ANNOTATOR, Group.STAFF}


def identify(request: HttpRequest) -> Caller:
    """Find who asks. A token stands above the session, and a bad one is never overlooked.

    Raises: NotSignedIn; FulcrumSilent.
    """
    user = request.user
    if "Authorization" in request.headers:
        # Label Studio has set the user by then, if the token was a valid one of its own.
        if not getattr(request, "is_jwt", False) or not is_service(user):
            raise NotSignedIn("Invalid token. People sign in through Fulcrum and have no tokens.")
        return Caller(group=Group.SERVICE, user=user)
    if not user.is_authenticated:
        return Caller(group=Group.STRANGER, user=user)
    if is_service(user):
        return Caller(group=Group.SERVICE, user=user)
    return _person(request, user)


def is_service(user: Any) -> bool:
    """Whether this is the account by which Fulcrum itself works here."""
    return user.is_authenticated and user.email.lower() == settings.FULCRUM_SERVICE_EMAIL


def check_origin(request: HttpRequest) -> None:
    """Take what changes something from our own pages, or from a client that is no browser. Raises: ForeignOrigin."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    own = {f"{request.scheme}://{request.get_host()}", _origin(settings.LABEL_STUDIO_URL)}
    if (origin is not None and origin.lower() not in own) or (site is not None and site not in FROM_HERE):
        raise ForeignOrigin("Cross-site requests are refused.")


def _person(request: HttpRequest, user: Any) -> Caller:
    entry = request.session.get(ENTRY)
    if not isinstance(entry, dict):
        logout(request)
        raise NotSignedIn("Open Label Studio from Fulcrum.")
    role = roles.role(email=user.email, session=entry["session"])
    if not role or not user.is_active:
        logout(request)
        raise NotSignedIn("You are signed out: sign in to Fulcrum, and enter Label Studio from there.")
    is_staff = role in STAFF_ROLES
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])
    return Caller(group=Group.STAFF if is_staff else Group.ANNOTATOR, user=user, is_replay=entry["is_replay"])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
