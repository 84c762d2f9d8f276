"""Prices, budgets, holds and the ledger. Callers hand in source keys; nothing here knows annotations or runs."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.append_only import AppendOnly
from budgets.cost_kinds import PAID_TO_PEOPLE, TOKEN_KINDS, CostKind
from budgets.money import ZERO, cost_of_hours, quantize


def amount_field(**options: object) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=18, decimal_places=6, **options)  # type: ignore[arg-type]


def quantity_field(**options: object) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=24, decimal_places=12, **options)  # type: ignore[arg-type]


def sum_of(rows: "models.QuerySet[Any]", field: str = "amount") -> Decimal:
    """Add up a column of amounts; zero where there is no row."""
    return Decimal(rows.aggregate(total=Coalesce(Sum(field), ZERO))["total"])


class Path(models.TextChoices):
    ANNOTATE = "annotate", "Annotate"
    DISTIL = "distil", "Distil"


class Origin(models.TextChoices):
    """Who or what caused a cost. Replayed work is marked here, so that no report can pass it off as people's."""

    PERSON = "person", "Person"
    REPLAY = "replay", "Replay"
    COMPUTE = "compute", "Compute"


class PriceBook(models.Model):
    name = models.CharField(max_length=120, unique=True)
    currency = models.CharField(max_length=3, default="USD")
    confirm_above = models.DecimalField(
        max_digits=18,
        decimal_places=6,
        null=True,
        help_text="A limit above this amount takes a second person. None: one person is enough.",
    )

    def __str__(self) -> str:
        return self.name


class Price(AppendOnly):
    """A dated price. It holds from `starts_at` until a later one of the same kind, device and scope starts.

    The scope narrows from the book to one budget, to one annotator, to both; the narrowest price in force counts.
    """

    book = models.ForeignKey(PriceBook, on_delete=models.PROTECT, related_name="prices")
    kind = models.CharField(max_length=16, choices=CostKind.choices)
    device = models.CharField(
        max_length=40, blank=True, help_text="For device hours: cpu, cuda, …; for tokens: the name of a connection."
    )
    budget = models.ForeignKey("Budget", on_delete=models.PROTECT, null=True, related_name="own_prices")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(
        max_digits=18, decimal_places=6, null=True, help_text="Percent for a platform fee. None ends an override."
    )
    starts_at = models.DateTimeField()
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="corrections", help_text="Made by re-pricing."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["book", "kind", "device", "budget", "annotator", "starts_at"],
                condition=Q(corrects__isnull=True),
                nulls_distinct=False,
                name="one_price_per_start",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(amount__isnull=False) | Q(budget__isnull=False) | Q(annotator__isnull=False),
                name="only_overrides_end",
            ),
            models.CheckConstraint(
                condition=Q(kind=CostKind.DEVICE_HOUR, device__gt="")
                | Q(kind__in=TOKEN_KINDS)
                | (~Q(kind=CostKind.DEVICE_HOUR) & Q(device="")),
                name="device_or_model_named_where_it_may",
            ),
            models.CheckConstraint(
                condition=Q(annotator__isnull=True) | Q(kind__in=sorted(PAID_TO_PEOPLE)),
                name="annotators_price_what_they_are_paid_for",
            ),
        ]

    def __str__(self) -> str:
        device = f" ({self.device})" if self.device else ""
        if self.amount is None:
            return f"no own price for one {self.get_kind_display().lower()}{device}"
        if self.kind == CostKind.PLATFORM_FEE:
            return f"{self.amount.normalize():f} % platform fee"
        return f"{self.amount.normalize():f} {self.book.currency} per {self.get_kind_display().lower()}{device}"

    @property
    def rate(self) -> Decimal:
        """The amount of a price that is in force, which is never None."""
        assert self.amount is not None, f"price {self.pk} ends an override and prices nothing"
        return self.amount

    def cost(self, quantity: Decimal) -> Decimal:
        """Price a quantity, in the unit of its kind; for a platform fee, the amount that it comes on top of."""
        if CostKind(self.kind).facts.is_counted_in_hours:
            return cost_of_hours(quantity, rate=self.rate)
        return quantize(quantity * self.rate / (100 if self.kind == CostKind.PLATFORM_FEE else 1))


def default_thresholds() -> list[int]:
    return [50, 80, 100]


class Budget(models.Model):
    """A limit. `spent` and `held` are sums kept beside it, moved only under this row's lock; verify rebuilds them."""

    name = models.CharField(max_length=120)
    price_book = models.ForeignKey(PriceBook, on_delete=models.PROTECT)
    currency = models.CharField(max_length=3)
    limit = amount_field()
    spent = amount_field(default=ZERO)
    held = amount_field(default=ZERO)
    thresholds = models.JSONField(default=default_thresholds, help_text="Percent of the limit; each is told once.")
    stopped_at = models.DateTimeField(null=True, help_text="Set while a stop is active: nothing new is held.")
    archived_at = models.DateTimeField(null=True, help_text="Set while what it pays for is archived: its stop stays.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(limit__gte=F("spent") + F("held")), name="never_over_limit"),
            models.CheckConstraint(condition=Q(held__gte=0), name="held_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> Decimal:
        return self.limit - self.spent - self.held

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None

    @property
    def page(self) -> str:
        return f"/budgets/{self.pk}/"

    @property
    def active_stop(self) -> "BudgetStop | None":
        return self.stops.filter(ended_at__isnull=True).select_related("started_by").first()


class BudgetStop(models.Model):
    """A stop of all that a budget pays for, and what ended it. At most one is active at a time."""

    class Cause(models.TextChoices):
        FROZEN = "frozen", "Stopped by a person"
        EXHAUSTED = "exhausted", "Nothing was left"

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="stops")
    cause = models.CharField(max_length=16, choices=Cause.choices)
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint("budget", condition=Q(ended_at__isnull=True), name="one_stop_stands_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.reason}"

    @property
    def is_exhausted(self) -> bool:
        return self.cause == self.Cause.EXHAUSTED

    @property
    def needs_top_up(self) -> bool:
        """Whether it cannot be ended before there is more money."""
        budget = self.budget
        return budget.available <= 0 and (self.is_exhausted or 0 < budget.spent == budget.limit)


class LimitRequest(models.Model):
    """A raise of a budget's limit that waits for a second person, and what became of it."""

    class Decision(models.TextChoices):
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="limit_requests")
    old_limit = amount_field(help_text="The limit when the raise was asked for.")
    new_limit = amount_field()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Decision.choices, blank=True, help_text="Blank while it waits.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("budget", condition=Q(outcome=""), name="one_limit_request_waits"),
            models.CheckConstraint(condition=Q(new_limit__gt=F("old_limit")), name="limit_request_is_a_raise"),
            models.CheckConstraint(
                condition=~Q(outcome="confirmed") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="confirmed_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget}: {self.old_limit} to {self.new_limit}"

    @property
    def state(self) -> str:
        """Its outcome; one that nobody decided in time is expired; blank while it waits."""
        is_late = not self.outcome and self.expires_at <= timezone.now()
        return self.Decision.EXPIRED if is_late else self.outcome

    @property
    def state_in_words(self) -> str:
        return str(self.Decision(self.state).label) if self.state else "Waiting"


class Cap(models.Model):
    """The most of a budget that may go to one path, or to one kind."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="caps")
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    kind = models.CharField(max_length=16, choices=CostKind.choices, blank=True)
    limit = amount_field()

    class Meta:
        constraints = [
            models.UniqueConstraint("budget", "path", "kind", name="one_cap_per_path_or_kind"),
            models.CheckConstraint(
                condition=(Q(path="") & ~Q(kind="")) | (~Q(path="") & Q(kind="")), name="cap_names_a_path_or_a_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.get_path_display() if self.path else self.get_kind_display()


class Hold(models.Model):
    """Money set aside before something may start: its worst case. What is left of it goes back at the end."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="holds")
    source_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=CostKind.choices)
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    fee = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, related_name="+")
    amount = amount_field(help_text="The worst case, its platform fee included.")
    extended = amount_field(default=ZERO, db_default=ZERO, help_text="The part of the amount that came later.")
    remaining = amount_field()
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["budget"], condition=Q(closed_at__isnull=True), name="open_holds")]
        constraints = [
            models.UniqueConstraint("budget", "source_key", name="one_hold_per_source"),
            models.CheckConstraint(condition=Q(remaining__gte=0, remaining__lte=F("amount")), name="hold_within"),
            models.CheckConstraint(condition=Q(closed_at__isnull=True) | Q(remaining=0), name="closed_hold_is_empty"),
        ]

    def __str__(self) -> str:
        return f"hold {self.source_key}: {self.remaining} of {self.amount}"


class LedgerEntry(AppendOnly):
    """One amount spent (positive), or a reversal (negative) that names the entry it undoes."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="entries")
    source_key = models.CharField(max_length=200)
    subject_key = models.CharField(
        max_length=200, help_text="What the money is for; shared by an entry, its fee, its reversal and replacement."
    )
    work_key = models.CharField(max_length=64, blank=True, help_text="The run that an attempt belongs to.")
    kind = models.CharField(max_length=16, choices=CostKind.choices)
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="entries")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    fee_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="fees", help_text="The entry that a fee is on top of."
    )
    quantity = quantity_field(help_text="In the unit of the kind; for a platform fee, the amount it is on top of.")
    amount = amount_field()
    memo = models.CharField(max_length=200, blank=True)
    overshoot = models.BooleanField(default=False, help_text="Was open when the study was stopped, and was paid.")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversal")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replacement")
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="entries_latest"),
            models.Index(fields=["budget", "-occurred_at", "-id"], name="entries_by_time"),
            models.Index(fields=["budget", "subject_key"], name="entries_by_subject"),
            models.Index(fields=["budget", "work_key"], condition=~Q(work_key=""), name="entries_by_work"),
            models.Index(fields=["price", "occurred_at"], name="entries_by_price"),
            models.Index(fields=["budget"], condition=Q(overshoot=True), name="entries_overshoot"),
        ]
        constraints = [
            models.UniqueConstraint("budget", "source_key", name="one_entry_per_source"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gte=0) | Q(reverses__isnull=False, amount__lte=0),
                name="only_reversals_are_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_key}: {self.amount}"


class Tally(models.Model):
    """Entries of a month summed by what a cost report asks for. Moved with each entry, under its budget's lock."""

    KEY = ("budget_id", "month", "path", "kind", "origin", "price_id", "payee_id", "work_key", "fee_on_kind")

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="tallies")
    month = models.DateField(help_text="Its first day, in UTC, by when the work was done.")
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    kind = models.CharField(max_length=16, choices=CostKind.choices)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    work_key = models.CharField(max_length=64, blank=True)
    fee_on_kind = models.CharField(
        max_length=16, choices=CostKind.choices, blank=True, db_default="", help_text="For a platform fee: of what."
    )
    amount = amount_field(default=ZERO)
    quantity = quantity_field(default=ZERO)
    num_entries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "month", "path", "kind", "origin", "price", "payee", "work_key", "fee_on_kind"],
                nulls_distinct=False,
                name="one_tally_per_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.budget} {self.month:%Y-%m} {self.kind}: {self.amount}"
