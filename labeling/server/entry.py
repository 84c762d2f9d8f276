"""Entering Label Studio by a ticket, leaving it, and proving to Fulcrum that this is its own Label Studio."""

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from organizations.models import Organization
from users.functions import login
from users.models import User

from labeling.proofs import CHALLENGE, proof
from labeling.server import times
from labeling.server.access import ENTRY, ask_role
from labeling.server.models import ExampleTime, UsedTicket
from labeling.server.pages import refusal
from labeling.server.rules import STAFF_ROLES, FulcrumUnreachable
from labeling.tickets import SignInTicket, TicketRefused, read_ticket

logger = logging.getLogger(__name__)
# A person who opens an example again after this starts anew.
DAYS_OF_TIMES = 30


@never_cache
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """Sign the ticket's person in and send them to their work; 403 with the reason otherwise."""
    try:
        ticket = read_ticket(
            key=settings.FULCRUM_TICKET_KEY, text=request.GET.get("ticket", ""), now=timezone.now().timestamp()
        )
        user = _admit(ticket)
    except TicketRefused as error:
        return refusal(f"{error} Go back to Fulcrum and press the button again.")
    # Ends the session of whoever was signed in before, with all that it holds.
    logout(request)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session[ENTRY] = {"session": ticket.session, "is_replay": ticket.is_replay}
    times.enter(user)
    times.report_cuts()
    _clean_up()
    is_safe = ticket.next.startswith("/") and url_has_allowed_host_and_scheme(ticket.next, allowed_hosts=None)
    return HttpResponseRedirect(ticket.next if is_safe else settings.FULCRUM_URL)


@never_cache
@require_GET
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out here and, where the ticket named a session of Fulcrum's, there."""
    entry = request.session.get(ENTRY)
    if request.user.is_authenticated and isinstance(entry, dict) and entry["session"]:
        try:
            ask_role(request.user.email, entry["session"], signs_out=True)
        except FulcrumUnreachable as error:
            logger.warning("%s Their session there stays.", error)
    logout(request)
    return HttpResponseRedirect(settings.FULCRUM_URL)


@never_cache
@require_GET
def prove(request: HttpRequest) -> HttpResponse:
    challenge = request.GET.get("challenge", "")
    if not CHALLENGE.fullmatch(challenge):
        return HttpResponseBadRequest("Give a challenge of 20 to 64 letters and digits.")
    # The port of the socket, not the one that the caller named in its Host header.
    port = int(request.META["SERVER_PORT"])
    return HttpResponse(proof(key=settings.FULCRUM_TICKET_KEY, challenge=challenge, port=port), "text/plain")


@transaction.atomic
def _admit(ticket: SignInTicket) -> User:
    _use(ticket)
    user = User.objects.filter(email__iexact=ticket.email).first() or _create(ticket)
    if not user.is_active:
        raise TicketRefused("This account is switched off in Label Studio; ask an admin.")
    if user.is_superuser or user.email.lower() == settings.FULCRUM_SERVICE_EMAIL:
        raise TicketRefused("This address belongs to Label Studio's own administrator; ask an admin for another.")
    first_name, _, last_name = ticket.name.partition(" ")
    user.first_name, user.last_name, user.is_staff = first_name[:250], last_name[:250], ticket.role in STAFF_ROLES
    organization = Organization.objects.first()
    organization.add_user(user)
    user.active_organization = organization
    user.save()
    return user


def _use(ticket: SignInTicket) -> None:
    """Record the ticket as used, by an insert in which only one request succeeds."""
    expires_at = datetime.fromtimestamp(ticket.expires_at, UTC)
    try:
        with transaction.atomic():
            UsedTicket.objects.create(nonce=ticket.nonce, email=ticket.email, expires_at=expires_at)
    except IntegrityError:
        raise TicketRefused("This link was used already: each works once.") from None


def _clean_up() -> None:
    """Delete expired rows. Label Studio itself never deletes its sessions."""
    now = timezone.now()
    UsedTicket.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    ExampleTime.objects.filter(counted_at__lt=now - timedelta(days=DAYS_OF_TIMES)).delete()
    Session.objects.filter(expire_date__lt=now).delete()


def _create(ticket: SignInTicket) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(email=ticket.email, password=None, username=ticket.email.split("@")[0])
    except IntegrityError:
        # Another ticket of theirs was faster.
        return User.objects.get(email__iexact=ticket.email)
