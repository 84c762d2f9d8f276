"""A preview as a page shows it, small enough to be kept beside an upload that a worker reads."""

from dataclasses import dataclass
from typing import Any

from studies.imports.batches import DraftPreview
from tables.table import counted

SHOWN_ROWS = 10
SHOWN_ERRORS = 50
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """Preview of an import, in counts and a few rows. All of it survives a round trip through JSON."""

    columns: list[str]
    options: dict[str, Any]
    rows: list[list[str]]
    num_rows: int
    num_created: int
    num_labels: int  # of new examples
    relabelled: list[str]  # content hashes of examples that are here without a label and get one
    num_duplicates: int
    num_other_splits: int
    num_errors: int
    errors: list[str]
    notes: list[str]
    digest: str

    @property
    def num_late_labels(self) -> int:
        return len(self.relabelled)

    @property
    def deed(self) -> str:
        """What the import does, for its button; empty if nothing."""
        parts = []
        if self.num_created:
            parts.append(f"import {counted(self.num_created, 'example')}")
        if self.relabelled:
            parts.append(f"add {counted(len(self.relabelled), 'label')}")
        if not parts:
            return ""
        without = f", without {counted(self.num_errors, 'row')} with errors" if self.num_errors else ""
        return (" and ".join(parts) + without).capitalize()


def summarise(preview: DraftPreview) -> ImportSummary:
    checked, columns = preview.checked, preview.table.columns
    first = [row.cells for row in preview.table.rows[:SHOWN_ROWS]]
    return ImportSummary(
        columns=list(columns),
        options=preview.options.as_json(),
        rows=[[cells.get(name, "")[:SHOWN_CHARACTERS] for name in columns] for cells in first],
        num_rows=len(preview.table.rows),
        num_created=len(checked.candidates),
        num_labels=checked.num_labels,
        relabelled=checked.relabelled,
        num_duplicates=checked.num_duplicates,
        num_other_splits=checked.num_other_splits,
        num_errors=len(checked.errors),
        errors=[str(error) for error in checked.errors[:SHOWN_ERRORS]],
        notes=list(checked.notes),
        digest=preview.digest,
    )
