"""Removing what nobody needs any more: sessions that ended, drafts, broken-off uploads, working files of ended runs."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from runs.leftovers import unneeded_files
from studies.leftovers import forgotten_drafts, remove_draft, unknown_uploads

# Younger files may belong to something that is just going on.
YOUNGEST = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Removal:
    what: str
    num_bytes: int


def prune(*, is_dry_run: bool = False) -> list[Removal]:
    """Remove what is older than FULCRUM_KEEP_DRAFT_DAYS and FULCRUM_KEEP_FAILED_RUN_DAYS allow, or only list it."""
    now = timezone.now()
    drafts_before = now - timedelta(days=settings.KEEP_DRAFT_DAYS)
    removed = []
    for draft in forgotten_drafts(before=drafts_before):
        found = Removal(
            what=f"{draft.file_name}, never imported into {draft.study}", num_bytes=_size(Path(draft.file.path))
        )
        if is_dry_run or remove_draft(draft=draft, before=drafts_before):
            removed.append(found)
    files = [
        *unknown_uploads(before=drafts_before),
        *unneeded_files(before=now - YOUNGEST, of_no_result_before=now - timedelta(days=settings.KEEP_FAILED_RUN_DAYS)),
    ]
    for path in files:
        removed.append(Removal(what=str(path), num_bytes=_size(path)))
        if not is_dry_run:
            _remove(path)
    if not is_dry_run:
        call_command("clearsessions")
    return removed


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
