"""Where Label Studio's webhooks arrive."""

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from labeling.operations import HintRefused, receive_hint
from labeling.project import SECRET_HEADER

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer at once: Label Studio waits for it inside the annotator's own request."""
    try:
        receive_hint(project_uid=uid, secret=request.headers.get(SECRET_HEADER, ""))
    except HintRefused as error:
        logger.warning("%s", error)
        return HttpResponse(status=403)
    return HttpResponse(status=204)
