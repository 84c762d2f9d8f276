"""Prices, budgets, holds and the ledger. Callers hand in source keys; nothing here knows annotations or runs."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.append_only import AppendOnly
from budgets.money import ZERO


def amount_field(**options: object) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=18, decimal_places=6, **options)  # type: ignore[arg-type]


class Kind(models.TextChoices):
    """What a price is for, and so what an entry pays for."""

    LABEL = "label", "Accepted label"
    DEVICE_HOUR = "device_hour", "Device hour"


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

    def __str__(self) -> str:
        return self.name


class Price(AppendOnly):
    """A dated price. It holds from `starts_at` until a later one of the same kind and device starts."""

    book = models.ForeignKey(PriceBook, on_delete=models.PROTECT, related_name="prices")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    device = models.CharField(max_length=16, blank=True, help_text="For device hours: cpu or cuda.")
    amount = amount_field()
    starts_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint("book", "kind", "device", "starts_at", name="one_price_per_start"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(kind=Kind.DEVICE_HOUR, device__gt="") | (~Q(kind=Kind.DEVICE_HOUR) & Q(device="")),
                name="device_named_for_device_hours_only",
            ),
        ]

    def __str__(self) -> str:
        device = f" ({self.device})" if self.device else ""
        return f"{self.amount.normalize():f} {self.book.currency} per {self.get_kind_display().lower()}{device}"


class Budget(models.Model):
    """A limit. `spent` and `held` are sums kept beside it, moved only under this row's lock; verify rebuilds them."""

    name = models.CharField(max_length=120)
    price_book = models.ForeignKey(PriceBook, on_delete=models.PROTECT)
    currency = models.CharField(max_length=3)
    limit = amount_field()
    spent = amount_field(default=ZERO)
    held = amount_field(default=ZERO)
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


class Hold(models.Model):
    """Money set aside before something may start: its worst case. What is left of it goes back at the end."""

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="holds")
    source_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    price = models.ForeignKey(Price, on_delete=models.PROTECT)
    amount = amount_field()
    remaining = amount_field()
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=200, blank=True)

    class Meta:
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
    kind = models.CharField(max_length=16, choices=Kind.choices)
    path = models.CharField(max_length=16, choices=Path.choices, blank=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    price = models.ForeignKey(Price, on_delete=models.PROTECT)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="entries")
    quantity = amount_field(help_text="Labels, or device hours.")
    amount = amount_field()
    memo = models.CharField(max_length=200, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversal")
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        indexes = [models.Index(fields=["budget", "-occurred_at"])]
        constraints = [
            models.UniqueConstraint("budget", "source_key", name="one_entry_per_source"),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gte=0) | Q(reverses__isnull=False, amount__lte=0),
                name="only_reversals_are_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_key}: {self.amount}"
