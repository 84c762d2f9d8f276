"""Reads of notices, for the pages."""

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from notices.models import Delivery, Notice


def notices(*, only_given_up: bool = False) -> QuerySet[Notice]:
    """All notices, or those with a delivery that was given up, newest first, each with its deliveries."""
    deliveries = Delivery.objects.select_related("person", "target").order_by("channel", "pk")
    found = Notice.objects.order_by("-created_at", "-pk").prefetch_related(Prefetch("deliveries", queryset=deliveries))
    if not only_given_up:
        return found
    given_up = Delivery.objects.filter(notice=OuterRef("pk"), state=Delivery.State.GIVEN_UP)
    return found.filter(Exists(given_up))


def mail_leaves_us() -> bool:
    """Whether mail is handed to a mail server, and not only written to a log or a folder."""
    return str(settings.EMAIL_BACKEND).endswith("smtp.EmailBackend")
