"""Which columns are the text, the label and the split: as chosen, or guessed from a header."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

LABEL_COLUMNS = ("label", "labels", "spans", "entities", "target", "class", "category")
TEXT_COLUMNS = (
    *("text", "texts", "sentence", "content", "body", "document", "comment", "review", "message", "utterance", "tweet"),
    *("question", "title", "abstract", "description", "sentences", "documents", "comments", "reviews", "messages"),
)
# In an export, who gave a label.
SOURCE_COLUMN = "source"
# Names of columns that identify a row, or say who made it and when: never the text.
_ABOUT_THE_ROW = re.compile(
    r"(.*[_ -])?(id|ids|uid|uuid|guid|key|index|idx|number|nr|no|row|line|code|hash|url|source|date|time|timestamp|"
    r"score|annotator|author|user|username|e-?mail( address)?|lead_time|created_at|updated_at|created|updated|rating|"
    r"stars|lang|language)|unnamed: \d+|#"
)


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How to read a file: which column gives each input field, the label (optional) and the split (optional)."""

    columns: Mapping[str, str]
    label_column: str = ""
    split_column: str = ""
    encoding: str = "utf-8"

    @property
    def named(self) -> list[str]:
        """The columns of the file that are read."""
        return [name for name in (*self.columns.values(), self.label_column, self.split_column) if name]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def guess_columns(
    *,
    columns: Sequence[str],
    input_fields: Sequence[str],
    optional_fields: Sequence[str] = (),
    usual: Mapping[str, Sequence[str]] | None = None,
    encoding: str = "utf-8",
) -> tuple[ImportOptions, tuple[str, ...]]:
    """Propose a column for each input field: of its name, of a usual name, else by place, ids and times last.

    Parameters: `optional_fields` get no column by its place; `usual` has other names of fields, and of the label.
    Returns: the mapping, and the input fields whose column was taken by its place among others.
    """
    names = usual or {}
    # Of names that differ only in case, the one in lower case counts, else the first.
    lowered = {name.casefold(): name for name in reversed(columns)} | {name: name for name in columns}
    label = _first_of((*names.get("label", ()), *LABEL_COLUMNS), lowered)
    split = lowered.get("split", "")
    found = {field: _first_of((field, *names.get(field, ())), lowered) for field in input_fields}
    named = {field: column for field, column in found.items() if column not in {"", label}}
    rest = [name for name in columns if name not in {label, split, *named.values()}]
    if not named and len(input_fields) == 1 and (column := _first_of(TEXT_COLUMNS, lowered)):
        named = {input_fields[0]: column}
    open_fields = [field for field in input_fields if field not in {*named, *optional_fields}]
    texts = [name for name in rest if not is_about_the_row(name)]
    by_place = dict(zip(open_fields, [*texts, *(name for name in rest if name not in texts)], strict=False))
    mapping = {field: named.get(field) or by_place.get(field, "") for field in input_fields}
    # With as many texts as are looked for, there is no choice.
    unsure = () if len(texts) == len(open_fields) else tuple(open_fields)
    return ImportOptions(columns=mapping, label_column=label, split_column=split, encoding=encoding), unsure


def _first_of(names: Sequence[str], lowered: Mapping[str, str]) -> str:
    return next((lowered[name] for name in names if name in lowered), "")


def is_about_the_row(name: str) -> bool:
    return _ABOUT_THE_ROW.fullmatch(name.casefold()) is not None
