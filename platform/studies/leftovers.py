"""Uploads that were never confirmed."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from studies.models import ImportBatch

UPLOADS = "imports"


def forgotten_drafts(*, before: datetime) -> list[ImportBatch]:
    """List drafts of imports that were uploaded before then and never confirmed."""
    return list(ImportBatch.objects.expired(before=before).order_by("pk"))


def remove_draft(*, draft: ImportBatch, before: datetime) -> bool:
    """Remove a draft and its file. Returns: False if it was confirmed meanwhile."""
    with transaction.atomic():
        num_removed, _ = ImportBatch.objects.expired(before=before).filter(pk=draft.pk).delete()
        if num_removed:
            transaction.on_commit(lambda: draft.file.delete(save=False))
    return bool(num_removed)


def unknown_uploads(*, before: datetime) -> Iterator[Path]:
    """Find uploaded files that no import has: the upload broke off before its draft was written down."""
    folder = Path(settings.MEDIA_ROOT) / UPLOADS
    known = set(ImportBatch.objects.values_list("file", flat=True))
    for path in sorted(folder.rglob("*")):
        is_known = path.relative_to(settings.MEDIA_ROOT).as_posix() in known
        if path.is_file() and not is_known and path.stat().st_mtime < before.timestamp():
            yield path
