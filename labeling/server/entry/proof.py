"""Proving to Fulcrum that this is its own Label Studio, before Fulcrum signs in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from labeling.proofs import CHALLENGE, proof


@never_cache
@require_GET
def prove(request: HttpRequest) -> HttpResponse:
    challenge = request.GET.get("challenge", "")
    if not CHALLENGE.fullmatch(challenge):
        return HttpResponseBadRequest("Give a challenge of 20 to 64 letters and digits.")
    # The port of the socket, not the one that the caller named in its Host header.
    port = int(request.META["SERVER_PORT"])
    return HttpResponse(proof(key=settings.FULCRUM_TICKET_KEY, challenge=challenge, port=port), "text/plain")
