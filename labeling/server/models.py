# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from django.db import models


class UsedTicket(models.Model):
    """A ticket that let somebody in. The insert decides, so that two workers cannot both accept it."""

    nonce = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.email} at {self.used_at}"


class Closure(models.Model):
    """A project that takes no new work for now. Who had an example open when it closed may finish that one."""

    project_id = models.PositiveIntegerField(unique=True)
    message = models.CharField(max_length=400)
    since = models.DateTimeField(auto_now_add=True)
    kept = models.JSONField(default=dict, help_text="By a person's id, the one example that they may still finish.")

    def __str__(self) -> str:
        return f"project {self.project_id} closed since {self.since}"
