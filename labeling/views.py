"""Requests from Label Studio: webhooks, access questions, lead time reports."""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from labeling import tickets
from labeling.endpoints import HintRefused, note_cut, note_hint, role_now
from labeling.label_studio import SECRET_HEADER

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer at once: Label Studio waits for it inside the annotator's own request."""
    try:
        note_hint(project_uid=uid, secret=request.headers.get(SECRET_HEADER, ""))
    except HintRefused as error:
        return _refuse(error)
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
def lead_time_cut(request: HttpRequest) -> HttpResponse:
    try:
        report = tickets.unseal(tickets.LeadTimeReport, key=settings.TICKET_KEY, text=_text(request))
    except tickets.SealBroken as error:
        return _refuse(error)
    note_cut(report=report)
    return HttpResponse(status=204)


@never_cache
@csrf_exempt
@require_POST
def access(request: HttpRequest) -> HttpResponse:
    try:
        question = tickets.read_question(key=settings.TICKET_KEY, text=_text(request), now=time.time())
    except tickets.SealBroken as error:
        return _refuse(error)
    reply = tickets.AccessReply(role=role_now(question=question), nonce=question.nonce)
    return HttpResponse(tickets.seal(key=settings.TICKET_KEY, message=reply), content_type="text/plain")


def _text(request: HttpRequest) -> str:
    return request.read(tickets.MAX_LENGTH + 1).decode(errors="replace")


def _refuse(error: Exception) -> HttpResponse:
    logger.warning("%s", error)
    return HttpResponse(str(error), status=403, content_type="text/plain")
