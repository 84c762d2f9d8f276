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
