"""What people outside the pages are told: notices, where they are sent, and how each sending went."""

import secrets
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class NoticeKind(models.TextChoices):
    BUDGET_THRESHOLD = "budget_threshold", "Budget threshold"
    BUDGET_FORECAST = "budget_forecast", "Budget forecast"
    BUDGET_STOPPED = "budget_stopped", "Budget stopped"
    BUDGET_RESUMED = "budget_resumed", "Budget resumed"
    RUN_FAILED = "run_failed", "Run failed"
    RUN_PAUSED = "run_paused", "Run paused"
    SYNC_LATE = "sync_late", "Sync late"
    LABELLING_TROUBLE = "labelling_trouble", "Labelling trouble"
    AUTOPILOT_STOPPED = "autopilot_stopped", "Autopilot stopped"
    TEST = "test", "Test"


class Notice(models.Model):
    """One thing that happened. Its key names the event, so that the event is told once."""

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=32, choices=NoticeKind.choices)
    title = models.TextField()
    body = models.TextField()
    path = models.CharField(max_length=200, blank=True, help_text="Path of the page about it, from the root.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="notice_newest_first")]

    def __str__(self) -> str:
        return self.title

    @property
    def link(self) -> str:
        return f"{settings.URL}{self.path}" if self.path else ""

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.title, self.body, self.link) if part)


class WebhookTarget(models.Model):
    """A URL that is told of every notice. Its secret signs what we send, so that the receiver knows it is ours."""

    name = models.CharField(
        max_length=80, unique=True, error_messages={"unique": "There is a target with this name already."}
    )
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=64, default=new_secret)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """What may be shown and written down: the rest of a webhook's URL is often as good as a password."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


class Delivery(models.Model):
    """One notice on its way to one person or target. Its uid stays the same over all tries."""

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        FAILED = "failed", "Trying again"
        SENT = "sent", "Sent"
        LOGGED = "logged", "Not sent, only logged"
        GIVEN_UP = "given_up", "Given up"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=16, choices=Channel.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    target = models.ForeignKey(WebhookTarget, on_delete=models.PROTECT, null=True, related_name="deliveries")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    num_tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, help_text="Somebody is sending it, until then at most.")
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(state__in=["waiting", "failed"]), name="delivery_to_be_tried"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="email", person__isnull=False, target__isnull=True)
                | Q(channel="webhook", person__isnull=True, target__isnull=False),
                name="delivery_goes_to_one",
            ),
            models.UniqueConstraint("notice", "person", name="one_mail_per_person_and_notice"),
            models.UniqueConstraint("notice", "target", name="one_call_per_target_and_notice"),
        ]

    def __str__(self) -> str:
        return f"{self.notice} to {self.recipient}"

    @property
    def recipient(self) -> str:
        return str(self.person.email if self.person else self.target)

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.FAILED)
