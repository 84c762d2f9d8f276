"""Import examples from a file, or preview it."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from studies.commands import StudyCommand
from studies.imports import (
    ENCODINGS,
    ImportCheck,
    ImportOptions,
    draft_import,
    guess_columns,
    import_examples,
    known_columns,
    preview_import,
    propose_options,
)
from studies.models import ImportBatch, Study
from studies.queries import awaiting_annotation
from tables.signs import comparable
from tables.table import listed_columns

_SHOWN_ERRORS = 20
COLUMN_HELP = "once for each input; needed where the header does not tell which column is the text"


class Command(StudyCommand):
    help = "Import a CSV or JSON-lines file into a study: all of it, or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--column", action="append", default=[], metavar="FIELD=COLUMN", help=COLUMN_HELP)
        parser.add_argument("--label-column", help="guessed from the header, if not given; empty for none")
        parser.add_argument("--split-column", help="guessed from the header, if not given; empty for none")
        parser.add_argument("--encoding", choices=list(ENCODINGS), default="utf-8")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows, if some have errors")
        parser.add_argument("--preview", action="store_true", help="preview the import, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._import(options)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error

    def _import(self, options: dict[str, Any]) -> None:
        study, actor = self.study_and_actor(options)
        file: Path = options["file"]
        batch = draft_import(actor=actor, study=study, file_name=file.name, content=file.read_bytes())
        try:
            chosen = _options(batch, options)
            preview = preview_import(batch=batch, options=chosen)
            self._show(study, preview.checked)
            unsure = _taken_by_place(preview.table.columns, study, options)
            if unsure and not options["preview"]:
                raise CommandError(f"{unsure} Nothing was imported.")
            if unsure:
                self.stdout.write(unsure)
            if not options["preview"]:
                done = import_examples(actor=actor, batch=batch, options=chosen, skip_bad_rows=options["skip_bad_rows"])
                self.stdout.write(
                    f"Imported {done.num_created:,} examples; labels: {done.num_labels:,} with them, "
                    f"{done.num_late_labels:,} for examples that had none. To undo: `undo_import` {done.pk}."
                )
        finally:
            _drop_draft(batch)

    def _show(self, study: Study, checked: ImportCheck) -> None:
        for note in checked.notes:
            self.stdout.write(note)
        self.stdout.write(
            f"{len(checked.candidates):,} new examples, {checked.num_duplicates:,} duplicates, "
            f"{len(checked.relabelled):,} labels for examples without one, {len(checked.errors):,} rows with errors"
        )
        if checked.num_other_splits:
            self.stdout.write(
                f"{checked.num_other_splits:,} rows name another split than their example has; it stays in its own."
            )
        if num_open := awaiting_annotation(study).filter(content_hash__in=checked.relabelled).count():
            self.stdout.write(
                f"{num_open:,} of the examples that get a label are published: they are withdrawn within seconds and "
                "their money is released. Annotations begun or submitted are paid; the imported labels stay."
            )
        for error in checked.errors[:_SHOWN_ERRORS]:
            self.stdout.write(f"  {error}")
        if len(checked.errors) > _SHOWN_ERRORS:
            self.stdout.write(f"  and {len(checked.errors) - _SHOWN_ERRORS:,} more")


def _options(batch: ImportBatch, options: dict[str, Any]) -> ImportOptions:
    guess = propose_options(batch=batch, encoding=options["encoding"])
    given = _given_columns(options)
    if unknown := sorted(given.keys() - guess.columns.keys()):
        raise CommandError(f"--column: {', '.join(unknown)} is not an input; write {', '.join(guess.columns)}=COLUMN.")
    label, split = options["label_column"], options["split_column"]
    return ImportOptions(
        columns={**guess.columns, **given},
        label_column=guess.label_column if label is None else label,
        split_column=guess.split_column if split is None else split,
        encoding=options["encoding"],
    )


def _given_columns(options: dict[str, Any]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in options["column"]]
    if bad := next((field for field, sign, _ in pairs if not sign), ""):
        raise CommandError(f"--column: {bad!r} is not FIELD=COLUMN, such as text=review.")
    return {field.strip(): comparable(column) for field, _, column in pairs}


def _taken_by_place(columns: tuple[str, ...], study: Study, options: dict[str, Any]) -> str:
    """Name the inputs whose column is neither given nor clear from the header; empty if none."""
    _, guessed = guess_columns(columns=columns, **known_columns(study.definition))
    unsure = [field for field in guessed if field not in _given_columns(options)]
    if not unsure:
        return ""
    named = " ".join(f"--column {field}=COLUMN" for field in unsure)
    return f"Which column is {' and which is '.join(unsure)}? Add {named}. The file has {listed_columns(columns)}."


def _drop_draft(batch: ImportBatch) -> None:
    """A draft is kept for a page to come back to; a command does not come back."""
    batch.refresh_from_db()
    if batch.state == ImportBatch.State.DRAFT:
        batch.file.delete(save=False)
        batch.delete()
