from django.db import models


class UsedTicket(models.Model):
    nonce = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(auto_now_add=True)


class Closure(models.Model):
    """A project that takes no new work for now. Who had an example open when it closed may finish that one."""

    project_id = models.PositiveIntegerField(unique=True)
    message = models.CharField(max_length=400)
    since = models.DateTimeField(auto_now_add=True)
    kept = models.JSONField(default=dict, help_text="By a person's id, the one example that they may still finish.")


class PersonTime(models.Model):
    """When a person entered, and until when their time is counted, on whichever example."""

    user_id = models.PositiveIntegerField(unique=True)
    entered_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)


class ExampleTime(models.Model):
    """How long a person can have spent on an example, by this server's clock."""

    user_id = models.PositiveIntegerField()
    task_id = models.PositiveIntegerField()
    opened_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True, db_index=True)
    seconds = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "task_id"], name="one_time_per_person_and_example")]


class CutLeadTime(models.Model):
    """An annotation whose browser reported more time than passed: what it reported, and what was kept."""

    annotation_id = models.PositiveIntegerField(unique=True)
    project_id = models.PositiveIntegerField(null=True, db_index=True)
    user_id = models.PositiveIntegerField()
    told = models.FloatField()
    kept = models.FloatField()
    at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True, db_index=True, help_text="When Fulcrum was told.")

    def __str__(self) -> str:
        return f"annotation {self.annotation_id}: {self.told:.1f} s told, {self.kept:.1f} s kept"
