"""Who sends a request: one answer for Label Studio's pages and its API, which authenticate differently."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from labeling.server.access.fulcrum import roles
from labeling.server.rules import STAFF_ROLES, CallerGroup

# The session's key for what its ticket contained.
ENTRY = "fulcrum"
OWN_SITE = frozenset({"same-origin", "none"})


class NotSignedIn(Exception):
    """The sender is nobody that Fulcrum knows; the message tells them so."""


class ForeignOrigin(Exception):
    """A page of another site sent this."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    group: CallerGroup
    user: Any
    is_replay: bool = False

    @property
    def is_person(self) -> bool:
        return self.group in {CallerGroup.ANNOTATOR, CallerGroup.STAFF}


@dataclass(frozen=True, kw_only=True)
class GuardedRequest:
    """A request to Label Studio: its named route, the values in its address, and who sent it."""

    http: HttpRequest
    route: str
    kwargs: dict[str, Any]
    caller: Caller

    @property
    def method(self) -> str:
        return self.http.method


def identify(request: HttpRequest) -> Caller:
    """Find who sends a request. A token overrides the session, and an invalid one is refused.

    Raises: NotSignedIn; FulcrumUnreachable.
    """
    user = request.user
    is_service = user.is_authenticated and user.email.lower() == settings.FULCRUM_SERVICE_EMAIL
    # Label Studio has set the user by now, if the token is valid.
    if "Authorization" in request.headers and not (is_service and getattr(request, "is_jwt", False)):
        raise NotSignedIn("Invalid token. People sign in through Fulcrum and have no tokens.")
    if is_service:
        return Caller(group=CallerGroup.SERVICE, user=user)
    return _person(request, user) if user.is_authenticated else Caller(group=CallerGroup.STRANGER, user=user)


def check_origin(request: HttpRequest) -> None:
    """Accept changes from our own pages, or from a client that is not a browser. Raises: ForeignOrigin."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    parts = urlsplit(settings.LABEL_STUDIO_URL)
    own = {f"{request.scheme}://{request.get_host()}", f"{parts.scheme}://{parts.netloc}".lower()}
    if (origin is not None and origin.lower() not in own) or (site is not None and site not in OWN_SITE):
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
    return Caller(
        group=CallerGroup.STAFF if is_staff else CallerGroup.ANNOTATOR, user=user, is_replay=entry["is_replay"]
    )
