"""Reads of notices, for the pages."""

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from notices.models import Delivery, Notice


def notices() -> QuerySet[Notice]:
    """All notices, newest first, each with its deliveries."""
    deliveries = Delivery.objects.select_related("person", "target").order_by("channel", "pk")
    return Notice.objects.order_by("-created_at", "-pk").prefetch_related(Prefetch("deliveries", queryset=deliveries))


def mail_leaves_us() -> bool:
    """Whether mail is handed to a mail server, and not only written to a log or a folder."""
    return str(settings.EMAIL_BACKEND).endswith("smtp.EmailBackend")
