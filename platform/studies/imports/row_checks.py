"""From rows to examples: mapping, checks and splits. No database here, so that a preview and an import agree."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from config.refusals import Refusal
from studies.hashing import content_hash, digest, fraction, group_hash, rank
from studies.imports.columns import SOURCE_COLUMN, ImportOptions
from studies.imports.files import Table
from studies.models import Label, Split
from studies.task_types import AnswerInvalid, TaskType
from tables.signs import clean, unstorable
from tables.table import MISSING, Row, counted, listed_columns

MAX_CHARACTERS = 100_000
ROWS_PER_NOTE = 500
# What programs write in place of a text that is missing.
_MISSING_TEXTS = frozenset({"nan", "<na>", "nat", "null", "none", "undefined", "#n/a"})
_BY_MODEL_LEFT_OUT = "Label left out, because a language model gave it and an imported label counts as gold"
# Told at times how many rows are done, of how many.
Progress = Callable[[int, int], None]


class ColumnsWrong(Refusal):
    """The mapping names a column that the file does not have, or leaves an input without one."""


@dataclass(frozen=True, kw_only=True)
class RowError:
    line: int
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A row that can become an example."""

    fields: dict[str, str]
    label: str
    split: str
    content_hash: str
    group_hash: str
    rank: str


@dataclass(frozen=True, kw_only=True)
class StudyRules:
    """What of a study decides about a row, its known examples included (by content and group hash)."""

    definition: TaskType
    labels: Sequence[str]
    dev_fraction: float
    test_fraction: float
    seed: int
    is_test_frozen: bool
    known_labels: Mapping[str, str] = field(default_factory=dict)
    known_splits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ImportCheck:
    """Preview of a file."""

    candidates: tuple[Candidate, ...]
    late_labels: dict[str, str]  # by content, of examples that had none
    num_duplicates: int
    errors: tuple[RowError, ...]
    num_other_splits: int = 0  # duplicates that name another split than their example has; it stays in its own
    notes: tuple[str, ...] = ()  # how the file was read: what was guessed, moved and left out

    @property
    def num_labels(self) -> int:
        """Of new examples."""
        return sum(1 for one in self.candidates if one.label or one.content_hash in self.late_labels)

    @property
    def relabelled(self) -> list[str]:
        """Content hashes of the examples that are here without a label and get one."""
        return sorted(self.late_labels.keys() - {one.content_hash for one in self.candidates})

    @property
    def digest(self) -> str:
        """Stands for exactly these examples, labels and errors."""
        new = [(one.content_hash, one.label, one.split) for one in self.candidates]
        errors = [(one.line, one.message) for one in self.errors]
        return digest(new, sorted(self.late_labels.items()), errors, self.num_duplicates, self.num_other_splits)


def _check_columns(table: Table, options: ImportOptions, definition: TaskType) -> None:
    """Raise ColumnsWrong unless every needed field has a column of its own, and the file has every column named."""
    needed = [name for name in definition.input_fields if name not in definition.optional_fields]
    if missing := [name for name in needed if not options.columns.get(name)]:
        raise ColumnsWrong(f"Choose a column for {', '.join(missing)}. The file has {listed_columns(table.columns)}.")
    if absent := [name for name in options.named if name not in table.columns]:
        raise ColumnsWrong(f"The file has no column {', '.join(absent)}. It has {listed_columns(table.columns)}.")
    if twice := sorted(name for name, number in Counter(options.named).items() if number > 1):
        raise ColumnsWrong(f"{', '.join(twice)} is mapped twice.")


class _Checker:
    """Goes through rows in order; what earlier rows and the study hold decides about later ones."""

    def __init__(self, *, table: Table, rules: StudyRules, options: ImportOptions) -> None:
        self.rules = rules
        self.options = options
        self.labels_by_content = dict(rules.known_labels)
        self.splits_by_group = dict(rules.known_splits)
        self.candidates: list[Candidate] = []
        self.late_labels: dict[str, str] = {}
        self.errors: list[RowError] = []
        self.num_duplicates = 0
        self.remarks = Counter[str]()
        self.num_other_splits = 0
        self._source_columns = [
            name for name in table.columns if name.strip().casefold() == SOURCE_COLUMN and name not in options.named
        ]

    def add(self, row: Row) -> None:
        try:
            problem = row.problem or self._cell_problem(row) or self._take(row)
        except AnswerInvalid as error:
            problem = f"label: {error}"
        if problem:
            self.errors.append(RowError(line=row.line, message=problem))
        else:
            self._note_missing(row)

    def _take(self, row: Row) -> str:
        cells = {name: row.cells.get(column, "") for name, column in self.options.columns.items()}
        fields = {name: clean(text) for name, text in cells.items()}
        wanted = row.cells.get(self.options.split_column, "").strip().lower() if self.options.split_column else ""
        if problem := self._text_problem(fields) or self._split_problem(wanted):
            return problem
        label = self._label(row, cells)
        content, group = content_hash(fields), group_hash(self.rules.definition.kept_together(fields))
        if content in self.labels_by_content:
            return self._duplicate(content, label, fields) or self._count_duplicate(group, wanted)
        if wanted == Split.TEST and self.rules.is_test_frozen:
            return "split: the test split is frozen since the first run, nothing can be added to it"
        split = self._split(group, wanted)
        if wanted and split != wanted:
            return (
                f"split: the same {_kept_together(self.rules.definition, fields)}, or one that differs only in case or "
                f"spaces, is in {split}, so this row cannot be in {wanted}"
            )
        self.labels_by_content[content] = label
        if split == Split.TEST and self.rules.is_test_frozen:
            self.num_duplicates += 1
            return ""
        self.splits_by_group[group] = split
        if missing := next((text for text in fields.values() if text.casefold() in _MISSING_TEXTS), ""):
            self.remarks[f"Imported as text, although “{missing}” often stands for a missing value"] += 1
        self.candidates.append(
            Candidate(
                fields=fields,
                label=label,
                split=split,
                content_hash=content,
                group_hash=group,
                rank=rank(seed=self.rules.seed, content=content),
            )
        )
        return ""

    def _label(self, row: Row, cells: Mapping[str, str]) -> str:
        """Read the row's label into the one form; empty where there is none."""
        cell = row.cells.get(self.options.label_column, "") if self.options.label_column else ""
        if not clean(cell):
            return ""
        if self._is_by_model(row):
            self.remarks[_BY_MODEL_LEFT_OUT] += 1
            return ""
        return self.rules.definition.read_cell(cell=cell, cells=cells, labels=self.rules.labels, remarks=self.remarks)

    def _is_by_model(self, row: Row) -> bool:
        """Whether the file says that a language model gave the row's label, as our exports do."""
        return any(row.cells.get(name, "").strip() == Label.Source.LANGUAGE_MODEL for name in self._source_columns)

    def _duplicate(self, content: str, label: str, fields: Mapping[str, str]) -> str:
        known = self.labels_by_content[content]
        if label and known and label != known:
            known, label = (self.rules.definition.one_line(answer=one, fields=fields) for one in (known, label))
            return f"label: this text has the label “{known}” already, not “{label}”"
        if label and not known:
            self.labels_by_content[content] = self.late_labels[content] = label
        return ""

    def _count_duplicate(self, group: str, wanted: str) -> str:
        self.num_duplicates += 1
        self.num_other_splits += bool(wanted) and self.splits_by_group.get(group, wanted) != wanted
        return ""

    def _cell_problem(self, row: Row) -> str:
        optional = {self.options.columns.get(name) for name in self.rules.definition.optional_fields}
        for column in (*self.options.columns.values(), self.options.split_column):
            what = row.not_texts.get(column, "")
            if what and not (what == MISSING and column in {*optional, self.options.split_column}):
                return f"{column}: a text is expected, not {what}"
        return ""

    def _note_missing(self, row: Row) -> None:
        for name, column in (("label", self.options.label_column), ("split", self.options.split_column)):
            if row.not_texts.get(column) == MISSING:
                self.remarks[f"NaN was read as a missing {name}, like null"] += 1

    def _text_problem(self, fields: Mapping[str, str]) -> str:
        for name, text in fields.items():
            if not text and name not in self.rules.definition.optional_fields:
                return f"{name}: the text is empty"
            if bad := unstorable(text):
                return f"{name}: the text has {bad}; write it without"
            if len(text) > MAX_CHARACTERS:
                return f"{name}: {len(text):,} characters; the maximum is {MAX_CHARACTERS:,}"
        return ""

    def _split_problem(self, wanted: str) -> str:
        is_known = not wanted or wanted in Split.values
        return "" if is_known else f"split: “{wanted[:40]}” is not pool, dev or test"

    def _split(self, group: str, wanted: str) -> str:
        if known := self.splits_by_group.get(group, wanted):
            return known
        position = fraction("split", self.rules.seed, group)
        test = 0.0 if self.rules.is_test_frozen else self.rules.test_fraction
        if position < test:
            return Split.TEST
        # Dev lies behind test on the same line, so freezing test moves no group from dev to pool.
        is_dev = self.rules.test_fraction <= position < self.rules.test_fraction + self.rules.dev_fraction
        return Split.DEV if is_dev else Split.POOL


def _kept_together(definition: TaskType, fields: Mapping[str, str]) -> str:
    names = definition.kept_together(fields)
    return next(iter(names)) if len(names) == 1 else "text"


def check_rows(
    *, table: Table, options: ImportOptions, rules: StudyRules, note_progress: Progress | None = None
) -> ImportCheck:
    """Sort a file's rows into new examples, duplicates and errors with their line numbers. Raises: ColumnsWrong."""
    _check_columns(table, options, rules.definition)
    checker = _Checker(table=table, rules=rules, options=options)
    for place, row in enumerate(table.rows):
        if note_progress and place % ROWS_PER_NOTE == 0:
            note_progress(place, len(table.rows))
        checker.add(row)
    return ImportCheck(
        candidates=tuple(checker.candidates),
        late_labels=checker.late_labels,
        num_duplicates=checker.num_duplicates,
        errors=tuple(checker.errors),
        num_other_splits=checker.num_other_splits,
        notes=(*table.notes, *_mapping_notes(table, options), *_remark_notes(checker.remarks)),
    )


def _mapping_notes(table: Table, options: ImportOptions) -> list[str]:
    used = {**options.columns, "label": options.label_column, "split": options.split_column}
    notes = [f"Column “{column}” is the {field}." for field, column in used.items() if column]
    if not options.label_column:
        notes.append("No column is the label: examples come unlabelled.")
    rest = [name for name in table.columns if name not in used.values()]
    return [*notes, f"Not imported: {listed_columns(rest)}."] if rest else notes


def _remark_notes(remarks: Counter[str]) -> list[str]:
    return [f"{remark}: {counted(number, 'row')}." for remark, number in remarks.items()]
