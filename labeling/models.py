"""What we know of Label Studio: its project for a study, what was published to it, and what came back."""

import secrets
import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from budgets.models import Hold, LedgerEntry, Origin
from budgets.money import ZERO
from studies.models import Example, Study


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class LabelingProject(models.Model):
    """A study's project in Label Studio. `uid` is in that project's description, so that it is found again."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="labeling_project")
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    label_studio_id = models.PositiveIntegerField(null=True)
    webhook_secret = models.CharField(max_length=64, default=new_secret)
    synced_until = models.DateTimeField(null=True, help_text="Label Studio's own clock: its latest updated_at merged.")
    last_synced_at = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True, help_text="When all of it was compared, deleted rows included.")
    last_error = models.TextField(blank=True)
    closed_at = models.DateTimeField(
        null=True, help_text="When we began to close it there, because its budget stopped."
    )
    withdrawn_at = models.DateTimeField(null=True, help_text="When all that nobody had open was withdrawn.")
    syncing_since = models.DateTimeField(null=True, help_text="Start of the first sync since the last success.")
    hinted_at = models.DateTimeField(null=True, help_text="A webhook came since the last sync began.")
    gone_at = models.DateTimeField(null=True, help_text="When we saw that it was deleted there; a new one clears it.")


class Batch(models.Model):
    """Examples sent in one request. Its uid is in each, so that a doubtful request is looked up, not repeated."""

    class State(models.TextChoices):
        PENDING = "pending", "Being sent"
        PUBLISHED = "offered", "Offered"
        WITHDRAWN = "withdrawn", "Withdrawn before it was sent"

    project = models.ForeignKey(LabelingProject, on_delete=models.PROTECT, related_name="batches")
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    leased_until = models.DateTimeField(null=True, help_text="Somebody is sending it, until then at most.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)


class Publication(models.Model):
    class Because(models.TextChoices):
        STOPPED = "stopped", "The budget stopped"
        GONE = "gone", "It is gone from Label Studio"
        LABELLED = "labelled", "It got a label from elsewhere"

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="publications")
    example = models.OneToOneField(Example, on_delete=models.PROTECT, related_name="publication")
    label_studio_id = models.PositiveIntegerField(null=True)
    label_studio_updated_at = models.DateTimeField(null=True, help_text="What was merged last.")
    num_answers = models.PositiveIntegerField(
        default=0, help_text="What Label Studio counted as answers when it was merged last, accepted or not."
    )
    trouble = models.TextField(blank=True, help_text="What of its annotations could not be read the last time.")
    round = models.PositiveSmallIntegerField(default=1, help_text="How many times it was offered.")
    offered_at = models.DateTimeField(
        default=timezone.now, help_text="When it was offered first, and so chosen; its batch is that of the last time."
    )
    withdrawn_at = models.DateTimeField(null=True, help_text="Since then it asks for fewer annotations than it did.")
    withdrawn_because = models.CharField(max_length=16, choices=Because.choices, blank=True)
    prelabel = models.TextField(blank=True, help_text="What people are shown as a first answer; blank: nothing.")


class OpinionPurchase(models.Model):
    """One purchase of second opinions on labelled examples. Its uid names the request: repeated, it buys nothing."""

    project = models.ForeignKey(LabelingProject, on_delete=models.PROTECT, related_name="opinion_purchases")
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def waiting(self) -> "AssignmentQuerySet":
        """Those that wait for an annotation, with their money held."""
        return self.filter(annotation__isnull=True, hold__closed_at__isnull=True)

    def asking(self) -> "AssignmentQuerySet":
        """Those of them that ask for their annotation now."""
        return self.waiting().filter(only_if_they_differ=False)

    def given_back(self) -> "AssignmentQuerySet":
        """Those whose money was released before an annotation came."""
        return self.filter(annotation__isnull=True, hold__closed_at__isnull=False)


class Assignment(models.Model):
    """One annotation that a publication asks for, and the hold for its price; a new hold if published again."""

    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="assignments")
    number = models.PositiveSmallIntegerField()
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT)
    kept_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who had it open when its example was withdrawn, and may finish it.",
    )
    opinion_purchase = models.ForeignKey(
        OpinionPurchase, on_delete=models.PROTECT, null=True, related_name="assignments", help_text="What bought it."
    )
    only_if_they_differ = models.BooleanField(
        default=False, help_text="It asks for nothing until the annotations before it are there and differ."
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("publication", "number", name="one_assignment_per_number")]


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def with_pay(self) -> "AnnotationQuerySet":
        """Add `paid`, so that a page of annotations asks the ledger once."""
        key = Concat(Value("annotation:"), Cast(OuterRef("unique_id"), models.TextField()))
        entries = LedgerEntry.objects.filter(
            budget=OuterRef("entry__budget"), payee=OuterRef("annotator"), subject_key=key
        )
        sums = entries.order_by().values("payee").annotate(total=Sum("amount")).values("total")
        return self.annotate(paid=Coalesce(Subquery(sums), ZERO))

    def mark_deleted(self) -> int:
        """Note that annotations are gone from Label Studio; they stay paid. Returns: how many were there before."""
        return self.filter(deleted_at__isnull=True).update(deleted_at=timezone.now())


class Annotation(models.Model):
    """One annotator's answer to one example, keyed by the id that its browser gave it."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        SKIPPED = "skipped", "Skipped"
        REJECTED = "rejected", "Rejected"
        SURPLUS = "surplus", "Surplus"

    unique_id = models.UUIDField(unique=True)
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="annotations")
    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, null=True, related_name="annotation")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    completed_by = models.EmailField(help_text="As Label Studio has it, also where we know no such person.")
    state = models.CharField(max_length=16, choices=State.choices)
    reason = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    result = models.JSONField()
    value = models.TextField(blank=True, help_text="The answer, as its task type writes it.")
    lead_time = models.DurationField(null=True, help_text="Label Studio's figure: open time, idle time included.")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True)
    awaits_pay = models.BooleanField(default=False, help_text="The budget had no room for it yet; tried again.")
    label_studio_id = models.PositiveIntegerField()
    label_studio_example_id = models.PositiveIntegerField(
        null=True, help_text="Where it stands in Label Studio: somebody may copy an example there."
    )
    created_at = models.DateTimeField(help_text="Label Studio's clock.")
    updated_at = models.DateTimeField(help_text="Label Studio's clock.")
    deleted_at = models.DateTimeField(null=True, help_text="When we saw that it is gone from Label Studio.")

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["annotator", "-created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="accepted", entry__isnull=False, assignment__isnull=False, annotator__isnull=False)
                | Q(state="skipped", assignment__isnull=True, annotator__isnull=False)
                # A skip that was paid stays so, when its maker writes something else over it.
                | (~Q(state__in=["accepted", "skipped"]) & Q(assignment__isnull=True))
                & (Q(entry__isnull=True) | Q(annotator__isnull=False)),
                name="paid_if_accepted_or_once_a_skip",
            )
        ]

    @property
    def source_key(self) -> str:
        return f"annotation:{self.unique_id}"

    @property
    def of_prelabel(self) -> str:
        """Whether a first answer that was shown is `kept` or `changed`; blank where none was, or for no answer."""
        publication = getattr(self.example, "publication", None)
        if publication is None or not publication.prelabel or not self.value:
            return ""
        return "kept" if self.value == publication.prelabel else "changed"

    @property
    def skip_key(self) -> str:
        """A skip has a key of its own: it may still become an answer, which is paid under the annotation's."""
        return f"{self.source_key}:skip"

    @property
    def pay(self) -> Decimal:
        """What its annotator got for it in the end: corrections included, the platform's fee not."""
        paid: Decimal | None = getattr(self, "paid", None)
        return paid if paid is not None else Annotation.objects.with_pay().get(pk=self.pk).pay


class Outage(models.Model):
    """A Label Studio whose calls time out. Its next answer removes the row."""

    url = models.CharField(max_length=500, unique=True)
    since = models.DateTimeField(help_text="When the first call ran out of time that no answer came after.")
    num_timeouts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(help_text="Nobody asks before; then one caller does.")
