# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Entry by ticket."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from organizations.models import Organization
from users.functions import login
from users.models import User

from labeling.server.models import UsedTicket
from labeling.server.pages import refusal
from labeling.tickets import Ticket, TicketRefused, read

STAFF_ROLES = frozenset({"manager", "admin"})
MEND = " Go back to Fulcrum and press the button again."


@never_cache
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """Sign the ticket's person in and send them to their work; 403 with the reason otherwise."""
    try:
        ticket = read(
            key=settings.FULCRUM_TICKET_KEY, text=request.GET.get("ticket", ""), now=timezone.now().timestamp()
        )
        user = _admit(ticket)
    except TicketRefused as error:
        return refusal(f"{error}{MEND}")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(_safe(ticket.next))


@transaction.atomic
def _admit(ticket: Ticket) -> User:
    _use(ticket)
    user = User.objects.filter(email__iexact=ticket.email).first() or _create(ticket)
    if not user.is_active:
        raise TicketRefused("This account is switched off in Label Studio; ask an admin.")
    is_staff = ticket.role in STAFF_ROLES
    if user.is_superuser and not is_staff:
        raise TicketRefused("This address belongs to Label Studio's own administrator; ask an admin for another.")
    first_name, _, last_name = ticket.name.partition(" ")
    user.first_name, user.last_name, user.is_staff = first_name[:250], last_name[:250], is_staff
    organization = Organization.objects.first()
    organization.add_user(user)
    user.active_organization = organization
    user.save()
    return user


def _use(ticket: Ticket) -> None:
    """Record the ticket as used, by an insert that only one request can win."""
    expires_at = datetime.fromtimestamp(ticket.expires_at, UTC)
    try:
        with transaction.atomic():
            UsedTicket.objects.create(nonce=ticket.nonce, email=ticket.email, expires_at=expires_at)
    except IntegrityError:
        raise TicketRefused("This link was used already: each works once.") from None
    UsedTicket.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()


def _create(ticket: Ticket) -> User:
    """Make the account, without a password: the ticket is the only way in."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email=ticket.email, password=None, username=ticket.email.split("@")[0])
    except IntegrityError:
        # Another ticket of theirs was quicker.
        return User.objects.get(email__iexact=ticket.email)


def _safe(path: str) -> str:
    is_safe = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_safe else settings.FULCRUM_URL
