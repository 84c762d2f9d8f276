"""Importing rows: files, columns, previews, jobs, undo."""

from studies.imports.batches import (
    AlreadyImported,
    DraftPreview,
    ImportInUse,
    RowsInvalid,
    draft_import,
    file_columns,
    import_examples,
    known_columns,
    preview_import,
    propose_options,
    undo_import,
)
from studies.imports.columns import ImportOptions, guess_columns
from studies.imports.files import FileUnreadable
from studies.imports.jobs import ask_import, ask_preview, carry_out_job, enqueue, is_large, lost_jobs
from studies.imports.row_checks import ImportCheck
from studies.imports.summaries import ImportSummary, summarise
from tables.sources import ENCODINGS

__all__ = [
    "ENCODINGS",
    "AlreadyImported",
    "DraftPreview",
    "FileUnreadable",
    "ImportCheck",
    "ImportInUse",
    "ImportOptions",
    "ImportSummary",
    "RowsInvalid",
    "ask_import",
    "ask_preview",
    "carry_out_job",
    "draft_import",
    "enqueue",
    "file_columns",
    "guess_columns",
    "import_examples",
    "is_large",
    "known_columns",
    "lost_jobs",
    "preview_import",
    "propose_options",
    "summarise",
    "undo_import",
]
