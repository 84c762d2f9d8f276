"""Runs, their attempts, and what they make. A run's row is the truth; a queued message is only a hint."""

from decimal import Decimal
from pathlib import Path as FilePath
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.append_only import AppendOnly
from budgets.models import Hold, LedgerEntry, Path
from connections.models import Connection, Prompt
from studies.models import Example, Snapshot, Study
from training.contract import MEASURED_BY


class RunKind(models.TextChoices):
    FINETUNE_STUDENT = "finetune_student", "Fine-tune the student"
    FINETUNE_TEACHER = "finetune_teacher", "Fine-tune the teacher"
    SCORE = "score", "Score with the teacher"
    DISTIL = "distil", "Distil the student"


class RunState(models.TextChoices):
    WAITING = "waiting", "Waiting for an earlier run"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @classmethod
    def ended(cls) -> "list[RunState]":
        return [cls.SUCCEEDED, cls.FAILED, cls.CANCELLED]


class OutputUse(models.TextChoices):
    MAY_TRAIN = "yes", "Its outputs may train other models"
    MAY_NOT_TRAIN = "no", "Its outputs must not train other models"


class ModelLicence(models.Model):
    """A person's statement of a checkpoint's licence: whether its outputs may train other models."""

    source = models.CharField(max_length=16)
    name = models.CharField(max_length=500)
    licence = models.CharField(max_length=200, blank=True)
    outputs = models.CharField(max_length=3, choices=OutputUse.choices)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint("source", "name", name="one_licence_per_model")]

    def __str__(self) -> str:
        return f"{self.name}: {self.licence or 'licence not named'}"


class ArtifactKind(models.TextChoices):
    STUDENT = "student", "Student"
    TEACHER = "teacher", "Teacher"
    SOFT_LABELS = "soft_labels", "Soft-label set"


class Artifact(models.Model):
    """A folder that a run made: a student, a teacher, or a soft-label set."""

    run = models.OneToOneField("Run", on_delete=models.PROTECT, related_name="artifact")
    kind = models.CharField(max_length=16, choices=ArtifactKind.choices)
    folder = models.CharField(max_length=500, help_text="Below RUNS_DIR.")
    content_hash = models.CharField(max_length=64)
    num_pseudo_labels = models.PositiveIntegerField(default=0)
    result = models.JSONField(help_text="What the trainer said: metrics, versions, peak memory.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def path(self) -> FilePath:
        return FilePath(settings.RUNS_DIR) / self.folder

    @property
    def missing_text(self) -> str:
        """What a person is told where its folder is gone: its name, not where it lies on the server."""
        return f"The folder of {self} is missing from the runs: {self.folder}. Restore it, or train again."


class Run(models.Model):
    """One piece of compute: fine-tune, score with a teacher, or distil (training runs evaluate what they made)."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=24, choices=RunKind.choices)
    path = models.CharField(max_length=16, choices=Path.choices)
    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.QUEUED)
    request_key = models.CharField(
        max_length=64, help_text="Hash of all that decides the result: an equal request shares this run and its cost."
    )
    snapshot = models.ForeignKey(
        Snapshot,
        on_delete=models.PROTECT,
        null=True,
        related_name="runs",
        help_text="What it trains on; none with no labels.",
    )
    # What it is measured on, and what its teacher scores: in no bill, which follows `snapshot` alone.
    dev = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="+")
    test = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="+")
    unlabelled = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="+")
    # Texts of the pool, without labels, that recipes for few labels start from.
    pool = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="+")
    label_texts = models.JSONField(default=dict, help_text="What labels said of themselves when it was requested.")
    parents = models.ManyToManyField("self", symmetrical=False, related_name="children", blank=True)
    num_unlabelled = models.PositiveIntegerField(default=0)
    model = models.JSONField(null=True)
    training = models.JSONField(help_text="Training settings: epochs or steps, batch size, rates, temperature.")
    search = models.JSONField(default=dict, help_text="Rates and epochs tried on dev, and the number of seeds.")
    distillation = models.JSONField(default=dict, help_text="Which soft labels stay, and epochs on gold labels after.")
    seed = models.PositiveIntegerField(default=0)
    left_out = models.JSONField(
        default=list, help_text="Seeds of a student that it goes on without, as their teachers gave nothing, and why."
    )
    device = models.CharField(max_length=16)
    max_seconds = models.PositiveIntegerField(help_text="Over all attempts; what the hold is placed for.")
    extended_seconds = models.PositiveIntegerField(default=0, help_text="The part of the time limit that came later.")
    go_on = models.BooleanField(default=False, help_text="At its time limit, extend it while the budget has money.")
    estimate = models.JSONField(null=True, help_text="Expected cost and duration when it was requested.")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True)

    sent_at = models.DateTimeField(null=True, help_text="When a worker was last told of this run.")
    num_sent = models.PositiveIntegerField(default=0, help_text="Messages since it was queued; later ones come rarer.")
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    pause_requested_at = models.DateTimeField(null=True, help_text="Set until a person resumes it.")
    pause_reason = models.CharField(max_length=300, blank=True, help_text="Why it is paused, in words.")
    progress = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "lease_until"])]
        constraints = [
            models.UniqueConstraint(
                "study",
                "request_key",
                condition=~Q(state__in=["failed", "cancelled"]),
                name="equal_requests_share_a_run",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_ended(self) -> bool:
        return self.state in RunState.ended()

    @property
    def num_labels(self) -> int:
        """How many labels it was given; none is a start from what labels say of themselves, or from soft labels."""
        return self.snapshot.num_examples if self.snapshot else 0

    @property
    def first_seconds(self) -> int:
        """The time limit of its request."""
        return self.max_seconds - self.extended_seconds

    @property
    def folder(self) -> FilePath:
        return FilePath(settings.RUNS_DIR) / str(self.pk)

    @property
    def source_key(self) -> str:
        return f"run:{self.pk}"


class Ending(models.TextChoices):
    """How an attempt ended. Only crashes and losses count towards the attempts a run may have."""

    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed for good"
    CANCELLED = "cancelled", "Cancelled"
    OUT_OF_TIME = "out_of_time", "Out of time"
    PAUSED = "paused", "Paused"
    DISK_FULL = "disk_full", "Disk full"
    HANDED_OVER = "handed_over", "Handed over"
    CRASHED = "crashed", "Crashed"
    LOST = "lost", "Lost"

    @classmethod
    def wasted(cls) -> "list[Ending]":
        """The endings whose time led to nothing, or had to be spent again from the last checkpoint on."""
        return [cls.FAILED, cls.CANCELLED, cls.CRASHED, cls.LOST]


class Attempt(models.Model):
    """One start of a run's trainer process. Billed by the device seconds it held."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=100)
    pid = models.PositiveIntegerField(null=True)
    process_started_at = models.FloatField(null=True, help_text="Tells our trainer from a later process of that pid.")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    ending = models.CharField(max_length=16, choices=Ending.choices, blank=True)
    outcome = models.CharField(max_length=200, blank=True, help_text="The ending in words.")
    device_seconds = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(0))
    max_seconds = models.PositiveIntegerField(null=True, help_text="The run's time limit when this attempt ended.")
    # What the trainer said of itself. None is not known: it was killed before it could say.
    working_seconds = models.FloatField(null=True, help_text="Device seconds in which the device computed.")
    stages = models.JSONField(default=dict, help_text="Seconds by stage.")
    first_step_at = models.DateTimeField(null=True, help_text="When its first step was done.")
    energy_kwh = models.FloatField(null=True)
    carbon_kg = models.FloatField(null=True, help_text="Kilograms of CO2 equivalents; needs the country.")
    peak_memory_bytes = models.BigIntegerField(null=True)
    peak_device_memory_bytes = models.BigIntegerField(null=True, help_text="Of the accelerator's own memory.")
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [models.UniqueConstraint("run", "number", name="one_attempt_per_number")]

    @property
    def source_key(self) -> str:
        return attempt_key(run_id=self.run_id, number=self.number)


def attempt_key(*, run_id: int, number: int) -> str:
    """The source key of an attempt: a report asks for those of hundreds of runs."""
    return f"run:{run_id}:attempt:{number}"


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def comparable(self) -> Self:
        """Leave out values that another checkpoint measured than the one in use."""
        kept = [~Q(metric=name) | Q(measured_by=by) for name, by in MEASURED_BY.items()]
        return self.filter(*kept)


class Evaluation(models.Model):
    """A metric of an artifact on a split, with its interval, and the majority-class baseline beside it."""

    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="evaluations")
    split = models.CharField(max_length=8)
    metric = models.CharField(max_length=16)
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    baseline = models.FloatField(null=True)
    num_examples = models.PositiveIntegerField()
    measured_by = models.CharField(
        max_length=100, blank=True, default="", help_text="The checkpoint that measured it, where one does."
    )

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("artifact", "split", "metric", name="one_value_per_metric")]


class PromptVersion(AppendOnly):
    """The text of a study's prompt as somebody wrote it; the latest is used where none is named."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="prompt_versions")
    number = models.PositiveIntegerField()
    system = models.TextField(help_text="Said before the examples; has places.")
    message = models.TextField(help_text="The form of the message that has one example; has places.")
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(AppendOnly.Meta):
        constraints = [models.UniqueConstraint("study", "number", name="one_prompt_version_per_number")]

    def __str__(self) -> str:
        return f"Version {self.number}"


# What a job's costs are booked under. Never to be changed: under another key, what is paid would be paid again.
JOB_KEY = "asking:"


class LabelingJob(models.Model):
    """Answers of a language model that a person buys for examples of the pool, by a worker. The row is the truth."""

    class Purpose(models.TextChoices):
        PREVIEW = "preview", "Preview of a prompt"
        LABELS = "labels", "Labels by a language model"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        WORKING = "working", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    ACTIVE = (State.WAITING, State.WORKING)

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="labeling_jobs")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, null=True, related_name="labeling_jobs")
    plan = models.JSONField(help_text="What was chosen of the prompt beside its text.")
    example_ids = ArrayField(models.BigIntegerField(), help_text="Examples of the pool, in rank order.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it is paused, in words.")
    num_attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that died on it, since it resumed.")
    num_done = models.PositiveIntegerField(default=0, help_text="Answers that are not asked for again.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"

    @property
    def source_key(self) -> str:
        """The key that its batches are paid under."""
        return f"{JOB_KEY}{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE


class ModelLabel(AppendOnly):
    """What a language model said of an example, as its label then was; a person's label may have taken its place."""

    job = models.ForeignKey(LabelingJob, on_delete=models.PROTECT, related_name="labels")
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="model_labels")
    value = models.TextField()
    confidence = models.FloatField(help_text="Probability that it gave to this value.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        constraints = [models.UniqueConstraint("job", "example", name="one_model_label_per_job")]


class LabelAudit(AppendOnly):
    """Examples that people label to find how good a language model's labels are, drawn at random from all of these."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="label_audits")
    label_ids = ArrayField(models.BigIntegerField(), help_text="The model labels that are audited.")
    example_ids = ArrayField(models.BigIntegerField(), help_text="The examples that were drawn.")
    request_key = models.CharField(
        max_length=64, blank=True, default="", help_text="Names the request: sent twice, it draws once."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Audit {self.pk}"
