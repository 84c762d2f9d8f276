"""Recorded surfaces that were brought from elsewhere."""

from django.conf import settings
from django.db import models


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
