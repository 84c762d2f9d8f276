"""What was recommended to a study, what came of it, and what its autopilot bought; surfaces recorded elsewhere."""

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.append_only import AppendOnly
from accounts.models import AuditEncoder
from budgets.models import amount_field
from runs.models import Artifact, LabelingJob, Run
from studies.models import Example, Study


class Recommendation(AppendOnly):
    """The next tranche, as it was recommended in one state of a study: points, prices, money and pool.

    `labels` and `pseudo_labels` are the cell to buy, both empty where nothing is, and the latter of a teacher alone.
    Scores are in percent.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="recommendations")
    state = models.CharField(max_length=64, help_text="Hash of all that it rests on.")
    words = models.TextField()
    labels = models.PositiveIntegerField(null=True)
    pseudo_labels = models.PositiveIntegerField(null=True)
    is_self_taught = models.BooleanField(default=False, help_text="The student's own checkpoint is the teacher.")
    num_chosen = models.PositiveIntegerField(default=0, help_text="Of its labels, those that a model chose.")
    kept_layers = models.PositiveIntegerField(default=0, help_text="That the student keeps, 0 for all.")
    num_opinions = models.PositiveIntegerField(default=0, help_text="Of its labels, those with second opinions.")
    num_by_model = models.PositiveIntegerField(default=0, help_text="Of its labels, those that a language model gives.")
    num_verified = models.PositiveIntegerField(
        default=0, help_text="Of its labels, those of a language model that people verify."
    )
    price = amount_field(null=True, help_text="Of labels and compute, as they were quoted.")
    score = models.FloatField(null=True)
    low_80 = models.FloatField(null=True)
    high_80 = models.FloatField(null=True)
    low_90 = models.FloatField(null=True)
    high_90 = models.FloatField(null=True)
    runner_up = models.JSONField(null=True, help_text="The next best offer.")
    offers = models.JSONField(default=list, help_text="All offers with prices and forecasts, best first.")
    flips = models.JSONField(default=list, help_text="Prices at which another arm would be bought.")
    labels_alone = models.TextField(default="", blank=True, help_text="What labels alone would need for its score.")
    notes = models.JSONField(default=list, help_text="What is not on offer, and why.")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        constraints = [models.UniqueConstraint("study", "state", name="one_recommendation_per_state")]

    def __str__(self) -> str:
        return self.words


class ForecastOutcomeQuerySet(models.QuerySet["ForecastOutcome"]):
    def num_inside(self) -> dict[str, int]:
        """How many came inside each band, and how many there are, by the names of `Coverage`."""
        inside_80 = Q(came__gte=F("low_80"), came__lte=F("high_80"))
        inside_90 = Q(came__gte=F("low_90"), came__lte=F("high_90"))
        return self.aggregate(
            inside_80=Count("pk", filter=inside_80), inside_90=Count("pk", filter=inside_90), total=Count("pk")
        )


class ForecastOutcome(AppendOnly):
    """What a recommendation said of a cell before a student of it was requested, and what came; scores in percent."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="outcomes")
    artifact = models.OneToOneField(Artifact, on_delete=models.PROTECT, related_name="forecast_outcome")
    labels = models.PositiveIntegerField()
    pseudo_labels = models.PositiveIntegerField()
    was_recommended = models.BooleanField(help_text="It was the cell to buy, and not another one on offer.")
    score = models.FloatField()
    low_80 = models.FloatField()
    high_80 = models.FloatField()
    low_90 = models.FloatField()
    high_90 = models.FloatField()
    came = models.FloatField()

    objects = ForecastOutcomeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.artifact}: {self.came:.1f}, said {self.low_90:.1f} to {self.high_90:.1f}"

    @property
    def is_inside_80(self) -> bool:
        return self.low_80 <= self.came <= self.high_80

    @property
    def is_inside_90(self) -> bool:
        return self.low_90 <= self.came <= self.high_90


class Autopilot(models.Model):
    """Buys what is recommended to a study, within caps, for the person who switched it on."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="autopilot")
    is_on = models.BooleanField(default=False)
    share_a_day = models.DecimalField(
        max_digits=5,
        decimal_places=4,
        help_text="Of the budget's limit, above 0 to 1: what one day's purchases may take.",
    )
    cap = amount_field(help_text="What all of its purchases may take.")
    target = models.FloatField(null=True, help_text="The score, 0 to 1, at which it stops.")
    until = models.DateField(null=True, help_text="The last day on which it buys.")
    acts_for = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_since = models.DateTimeField(help_text="When it was switched on, or its settings changed, the last time.")
    reason = models.TextField(blank=True, help_text="Why it waits or stopped; empty where it has just bought.")
    reason_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(share_a_day__gt=0, share_a_day__lte=1), name="share_a_day_is_a_share"),
            models.CheckConstraint(condition=Q(cap__gt=0), name="autopilot_cap_above_zero"),
        ]

    def __str__(self) -> str:
        return f"Autopilot of “{self.study}”"


class AutopilotStep(AppendOnly):
    """One purchase of an autopilot. A recommendation is bought once: its row here is written with the holds.

    `figures` are what it saw: price, gain, chance, money left, and its caps with what they had used.
    """

    autopilot = models.ForeignKey(Autopilot, on_delete=models.PROTECT, related_name="steps")
    recommendation = models.OneToOneField(Recommendation, on_delete=models.PROTECT, related_name="autopilot_step")
    acted_for = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    purchase = models.TextField()
    figures = models.JSONField(encoder=AuditEncoder)
    runs = models.ManyToManyField(Run, related_name="autopilot_steps")
    jobs = models.ManyToManyField(LabelingJob, related_name="autopilot_steps")
    examples = models.ManyToManyField(Example, related_name="autopilot_steps")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.purchase


class ImportedSurface(models.Model):
    """The points of one task, recorded elsewhere: what the planner's prior may learn from. No two have the same."""

    name = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the points.")
    content = models.TextField(help_text="The points as CSV, in the form that replay reads.")
    num_points = models.PositiveIntegerField()
    imported_at = models.DateTimeField(auto_now_add=True)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name
