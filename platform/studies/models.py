"""A study, its examples and their labels, and the snapshots that runs are given."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.append_only import AppendOnly
from budgets.models import Budget, amount_field
from studies.task_types import Metric, TaskType, metric_title, task_type_named


class Split(models.TextChoices):
    POOL = "pool", "Pool: may be labelled"
    DEV = "dev", "Dev: selects models"
    TEST = "test", "Test: final score"


class PayBasis(models.TextChoices):
    """What an accepted annotation is paid by."""

    PER_LABEL = "per_label", "Per accepted label"
    PER_HOUR = "per_hour", "Per hour of labelling"


class Study(models.Model):
    """Builds one compact model (the student) for one task type."""

    name = models.CharField(max_length=120, unique=True)
    task_type = models.CharField(max_length=40)
    labels = models.JSONField(help_text="The label set, in the order shown to annotators.")
    label_texts = models.JSONField(
        default=dict, blank=True, help_text="By label, where it has any: description and example phrases."
    )
    instructions = models.TextField(blank=True)
    metric = models.CharField(max_length=16, default=Metric.ACCURACY, help_text="One of its task type's metrics.")
    budget = models.OneToOneField(Budget, on_delete=models.PROTECT, related_name="study")
    student_model = models.JSONField(help_text="source (hub, folder or package), name, revision")
    teacher_model = models.JSONField(help_text="source (hub, folder or package), name, revision")
    annotations_per_example = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    pay_basis = models.CharField(max_length=16, choices=PayBasis.choices, default=PayBasis.PER_LABEL)
    max_paid_seconds = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(1)], help_text="Where pay is by the hour: at most, per annotation."
    )
    worth_per_point = amount_field(
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text="What a percentage point of the metric is worth. None: the whole budget may be spent on it.",
    )
    monthly_requests = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Requests a month that its student is expected to serve. None: not known."
    )
    dev_fraction = models.FloatField(default=0.1)
    test_fraction = models.FloatField(default=0.2)
    seed = models.PositiveIntegerField(default=0)
    test_frozen_at = models.DateTimeField(
        null=True, help_text="Set when the first run starts; no example enters the test split after it."
    )
    data_used_at = models.DateTimeField(
        null=True, help_text="When a run last took its labels and examples; what came before stays."
    )
    archived_at = models.DateTimeField(null=True, help_text="Since then it is left out of lists and spends nothing.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.name

    @property
    def definition(self) -> TaskType:
        """Its task type: fields, answers, metrics, labelling."""
        return task_type_named(self.task_type)

    @property
    def meanings(self) -> dict[str, "LabelMeaning"]:
        """What each label that has more than its name says of itself, in the order of the labels."""
        # The database keeps no order of keys.
        return {label: LabelMeaning(**self.label_texts[label]) for label in self.labels if label in self.label_texts}

    def get_metric_display(self) -> str:
        """The metric's name, by what it counts here: for entities, spans."""
        return metric_title(task_type=self.task_type, metric=self.metric)


class LabelMeaning(NamedTuple):
    """A label's description, perhaps empty, and example phrases, perhaps none; as a text, what annotators read."""

    description: str
    phrases: list[str]

    def __str__(self) -> str:
        examples = ", ".join(f"“{phrase}”" for phrase in self.phrases)
        return " ".join(filter(None, (self.description, f"For example: {examples}" if examples else "")))


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def expired(self, *, before: datetime) -> "ImportBatchQuerySet":
        """Drafts older than a moment that no worker is about to import."""
        wanted = Q(job__isnull=True) | ~Q(job__state__in=ImportJob.ACTIVE)
        return self.filter(wanted, state=ImportBatch.State.DRAFT, created_at__lt=before)


class ImportBatch(models.Model):
    """One uploaded file: a draft, then imported, then perhaps undone. Its counts are of what it brought, and stay."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        IMPORTED = "imported", "Imported"
        UNDONE = "undone", "Undone"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="import_batches")
    file = models.FileField(upload_to="imports/%Y/%m")
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    options = models.JSONField(default=dict, help_text="Column mapping and encoding that the import used.")
    num_created = models.PositiveIntegerField(default=0)
    num_labels = models.PositiveIntegerField(default=0, help_text="Labels that came with new examples.")
    num_late_labels = models.PositiveIntegerField(default=0, help_text="Labels for examples that were here without.")
    num_duplicates = models.PositiveIntegerField(default=0)
    num_other_splits = models.PositiveIntegerField(
        default=0, help_text="Rows that name another split than their example has; it stays in its own."
    )
    num_skipped = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    imported_at = models.DateTimeField(null=True)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ImportBatchQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name


class ImportJob(models.Model):
    """What a worker is to do with a large upload: read it for a preview, or import it. The row is the truth."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        WORKING = "working", "Being read"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    ACTIVE = (State.WAITING, State.WORKING)

    batch = models.OneToOneField(ImportBatch, on_delete=models.CASCADE, related_name="job")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    is_import = models.BooleanField(default=False, help_text="Imports what was previewed; else only previews.")
    options = models.JSONField(null=True, help_text="Column mapping and encoding; none where they are to be guessed.")
    encoding = models.CharField(max_length=16, default="utf-8")
    expected_digest = models.CharField(max_length=64, blank=True)
    skip_bad_rows = models.BooleanField(default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    num_attempts = models.PositiveSmallIntegerField(default=0)
    num_done = models.PositiveIntegerField(default=0, help_text="Rows checked so far.")
    num_rows = models.PositiveIntegerField(default=0)
    outcome = models.JSONField(null=True, help_text="The preview, as the page shows it.")
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{'import' if self.is_import else 'preview'} of {self.batch}"


class ChosenBy(models.TextChoices):
    """How an example came to be published for labelling."""

    CHANCE = "", "Chance: in the study's random order"
    UNCERTAINTY = "uncertainty", "Uncertainty: a model was least sure of it"
    VERIFICATION = "verification", "Verification: the language model that labelled it was least sure of it"


class Example(models.Model):
    """One input. The same row twice is one example; rows alike but for case and spaces share a split."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="examples")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fields = models.JSONField()
    content_hash = models.CharField(max_length=64)
    group_hash = models.CharField(max_length=64)
    split = models.CharField(max_length=8, choices=Split.choices)
    rank = models.CharField(max_length=16, help_text="A seeded random order, so that subsets nest.")
    chosen_by = models.CharField(max_length=16, blank=True, choices=ChosenBy.choices, default=ChosenBy.CHANCE)
    scores_key = models.CharField(
        max_length=32, blank=True, default="", help_text="Key of the run whose scores it was chosen by."
    )
    labeling_job = models.CharField(
        max_length=32,
        blank=True,
        default="",
        help_text="Key of the labelling job that it is kept for; people are not given it meanwhile.",
    )
    import_batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="examples")

    class Meta:
        constraints = [
            models.UniqueConstraint("study", "content_hash", name="one_example_per_content"),
            # What models are selected and measured on stays a random sample.
            models.CheckConstraint(condition=Q(split="pool") | Q(chosen_by=""), name="only_the_pool_is_chosen_from"),
        ]
        indexes = [
            models.Index(fields=["study", "split", "rank"]),
            models.Index(fields=["study", "group_hash"]),
            models.Index(fields=["study"], condition=~Q(chosen_by=""), name="chosen_examples"),
            models.Index(fields=["labeling_job"], condition=~Q(labeling_job=""), name="examples_of_labeling_jobs"),
        ]

    def __str__(self) -> str:
        return " / ".join(str(text) for text in self.fields.values())


class Label(models.Model):
    """The value assigned to an example: imported with it, decided from accepted annotations, or a language model's.

    A language model labels examples of the pool alone, and what a person says of one later takes its place.
    """

    class Source(models.TextChoices):
        IMPORT = "import", "Imported"
        ANNOTATION = "annotation", "Annotation"
        LANGUAGE_MODEL = "language_model", "Language model"

    example = models.OneToOneField(Example, on_delete=models.PROTECT, related_name="label")
    value = models.TextField(help_text="The answer, as its task type writes it.")
    source = models.CharField(max_length=16, choices=Source.choices)
    source_keys = models.JSONField(
        default=list, help_text="Ledger keys of its annotations, or of the batch it was asked in: what it cost."
    )
    import_batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, null=True, related_name="labels", help_text="What brought it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(source="import") | Q(source_keys=[]), name="imported_labels_cost_nothing"
            )
        ]

    def __str__(self) -> str:
        return self.value


class ReplacedLabel(models.Model):
    """A language model's label whose place an imported one took: undoing that import brings it back."""

    example = models.OneToOneField(Example, on_delete=models.PROTECT, related_name="replaced_label")
    import_batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="replaced_labels", help_text="What replaced it."
    )
    value = models.TextField()
    source_keys = models.JSONField(default=list)
    labelled_at = models.DateTimeField(help_text="When the model gave it.")


class Snapshot(AppendOnly):
    """The rows of a run, fixed when it was requested: what it trains on, is measured on, or has a teacher score.

    Labelled rows are items. Rows without a label may be millions, which only an array holds in little space.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snapshots")
    content_hash = models.CharField(max_length=64)
    num_examples = models.PositiveIntegerField()
    unlabelled_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Examples without a label, in order.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        constraints = [models.UniqueConstraint("study", "content_hash", name="one_snapshot_per_content")]

    def __str__(self) -> str:
        return f"{self.num_examples} examples {self.content_hash[:8]}"


class SnapshotItem(AppendOnly):
    """A labelled row. Only a row to train on has a source, with the ledger source keys of what its label cost."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="items")
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="snapshot_items")
    value = models.TextField()
    source = models.CharField(max_length=16, choices=Label.Source.choices, blank=True)
    source_keys = models.JSONField(default=list)

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint("snapshot", "example", name="example_once_per_snapshot"),
            models.CheckConstraint(
                condition=Q(source__in=["annotation", "language_model"]) | Q(source_keys=[]),
                name="only_bought_rows_cost",
            ),
        ]
