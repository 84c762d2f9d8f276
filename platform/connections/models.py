"""Connections to language models, the prompts that are sent, and every answer that was bought."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from budgets.cost_kinds import CostKind
from budgets.models import Budget, Path, Price

MOST_CONCURRENT = 64


class Outputs(models.TextChoices):
    """What a provider's terms say of its outputs."""

    MAY_TRAIN = "yes", "Its outputs may train other models"
    MAY_NOT_TRAIN = "no", "Its outputs must not train other models"
    UNKNOWN = "unknown", "Not known yet"


class Connection(models.Model):
    """One model behind an OpenAI-compatible endpoint. Its name prices its tokens; URL and model never change."""

    name = models.CharField(
        max_length=40,
        unique=True,
        error_messages={"unique": "There is a connection with this name already."},
        help_text="Prices of its tokens go by this name.",
    )
    url = models.CharField(max_length=500, help_text="Up to and without /chat/completions.")
    model = models.CharField(max_length=200, help_text="As the server names it.")
    encrypted_key = models.TextField(blank=True, help_text="Never shown; blank where the server wants none.")
    concurrency = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(1), MaxValueValidator(MOST_CONCURRENT)]
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="None: as fast as the server answers."
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    terms = models.CharField(max_length=500, blank=True, help_text="Where its terms say so, or their name.")
    outputs = models.CharField(max_length=8, choices=Outputs.choices, default=Outputs.UNKNOWN)
    is_active = models.BooleanField(default=True)
    abilities = models.JSONField(default=dict, blank=True, help_text="What the last self-test found.")
    tested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name

    @property
    def has_key(self) -> bool:
        return bool(self.encrypted_key)

    @property
    def is_usable(self) -> bool:
        """Whether it is switched on and answered its last self-test."""
        return self.is_active and bool(self.abilities.get("answers"))


class Prompt(models.Model):
    """A prompt as it was sent, under the hash of its content."""

    version = models.CharField(max_length=64, primary_key=True)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.version[:12]


class TokenBatch(models.Model):
    """Requests that are paid for together: held for before the first is sent, settled once at what they used."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="batches")
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    work_key = models.CharField(max_length=64, db_index=True, help_text="The run that asks.")
    input_price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    cached_price = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, related_name="+")
    output_price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["work_key"], condition=Q(settled_at__isnull=True), name="open_token_batches")]

    def __str__(self) -> str:
        return self.source_key

    @property
    def source_key(self) -> str:
        return f"tokens:{self.pk}"

    @property
    def prices(self) -> dict[CostKind, Price]:
        found = {CostKind.INPUT_TOKENS: self.input_price, CostKind.OUTPUT_TOKENS: self.output_price}
        return found if self.cached_price is None else {**found, CostKind.CACHED_TOKENS: self.cached_price}

    def entry_key(self, kind: CostKind) -> str:
        """The source key of its hold and of its entry for one class of tokens."""
        return f"{self.source_key}:{kind.value}"


class Outcome(models.TextChoices):
    """What became of one request."""

    PENDING = "", "Not answered yet"
    ANSWERED = "answered", "Answered"
    REFUSED = "refused", "The model refused"
    CUT = "cut", "The answer was cut"
    INVALID = "invalid", "Not one of the labels"
    OFF_LABEL = "off_label", "Little probability on the labels"
    UNREADABLE = "unreadable", "Not in the form that was asked for"
    NOT_IN_TEXT = "not_in_text", "Words that are not in the text"
    MISPLACED = "misplaced", "Entities overlap, or their place is unclear"
    EMPTY = "empty", "Nothing was written"
    REJECTED = "rejected", "The server rejected the request"
    FAILED = "failed", "Not answered, and not paid"
    LOST = "lost", "Sent, and no answer came"

    @classmethod
    def asked_again(cls) -> "list[Outcome]":
        """Outcomes after which the same may be asked again."""
        return [cls.FAILED, cls.LOST]


class Answer(models.Model):
    """One request for one text: written before it is sent, completed when its answer comes.

    The key hashes all that decides the answer. While one is pending or final, nobody can ask for the same again.
    """

    batch = models.ForeignKey(TokenBatch, on_delete=models.PROTECT, related_name="answers")
    key = models.CharField(max_length=64)
    most_input_tokens = models.PositiveIntegerField(help_text="A bound by the bytes that are sent.")
    most_output_tokens = models.PositiveIntegerField()
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True, default=Outcome.PENDING)
    content = models.TextField(blank=True)
    scores = models.JSONField(
        null=True, help_text="Probabilities, in the order of the prompt's labels; of a written text, of its tokens."
    )
    value = models.TextField(blank=True, help_text="Entities, or a written text, as JSON; blank for labels.")
    label_mass = models.FloatField(null=True, help_text="Probability on the labels, before it is renormalised.")
    input_tokens = models.PositiveIntegerField(default=0, help_text="Billed, without the cached ones.")
    cached_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    is_bound = models.BooleanField(default=False, help_text="No usage was reported: the bound is billed.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["batch"], condition=Q(outcome=""), name="pending_answers"),
            models.Index(fields=["sent_at"], name="answers_by_sending"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=~Q(outcome__in=["failed", "lost"]),
                name="an_answer_is_bought_once",
            ),
            models.CheckConstraint(
                condition=Q(output_tokens__lte=F("most_output_tokens"))
                & Q(most_input_tokens__gte=F("input_tokens") + F("cached_tokens")),
                name="billed_within_the_bound",
            ),
        ]

    def tokens(self, kind: CostKind) -> int:
        return int(getattr(self, kind.value))


class AnswerUse(models.Model):
    """A run that used answers which another run had bought: their batch is on its bill too."""

    batch = models.ForeignKey(TokenBatch, on_delete=models.PROTECT, related_name="uses")
    work_key = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "work_key"], name="one_use_per_batch_and_run")]


def in_thousands(tokens: int) -> Decimal:
    """A number of tokens as a quantity, which is counted in thousands."""
    return Decimal(tokens) / 1000


def facts(connection: Connection) -> dict[str, Any]:
    """What the audit trail keeps of a connection."""
    names = ("name", "model", "concurrency", "requests_per_minute", "timeout_seconds", "terms", "outputs", "is_active")
    return {**{name: getattr(connection, name) for name in names}, "url": connection.url}
