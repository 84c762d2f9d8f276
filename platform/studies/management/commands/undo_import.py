"""Take out again what an import brought, or list a study's imports."""

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet

from config.refusals import Refusal
from studies.commands import StudyCommand
from studies.imports import undo_import
from studies.models import ImportBatch, Study


class Command(StudyCommand):
    help = "Undo an import, all of it or nothing; without one, list the study's imports."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("batch", metavar="IMPORT", type=int, nargs="?", help="its number in the list")

    def handle(self, *args: Any, **options: Any) -> None:
        study, actor = self.study_and_actor(options)
        if options["batch"] is None:
            self._list(study)
            return
        undone = undo_import(actor=actor, batch=_batch(study, options["batch"]))
        self.stdout.write(f"Import {undone.pk} of {undone.file_name} is undone.")

    def _list(self, study: Study) -> None:
        for batch in _imports(study):
            # An earlier version did not count labels.
            labels = f", {batch.num_labels + batch.num_late_labels:,} labels" if batch.imported_at else ""
            what = f"{batch.file_name}, {batch.get_state_display().lower()}, {batch.num_created:,} examples{labels}"
            self.stdout.write(f"{batch.pk}: {what}")


def _imports(study: Study) -> QuerySet[ImportBatch]:
    return study.import_batches.exclude(state=ImportBatch.State.DRAFT).order_by("pk")


def _batch(study: Study, number: int) -> ImportBatch:
    if found := _imports(study).filter(pk=number).first():
        return found
    named = ", ".join(f"{one.pk}: {one.file_name}" for one in _imports(study)) or "none yet"
    raise Refusal(f"“{study}” has no import {number}. Imports: {named}.")
