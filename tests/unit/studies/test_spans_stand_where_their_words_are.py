import json
import unicodedata
from collections import Counter
from types import SimpleNamespace
from typing import Literal

import pytest

from studies.imports import ImportCheck
from studies.imports.columns import guess_columns
from studies.imports.files import read_table
from studies.imports.row_checks import StudyRules, check_rows
from studies.task_types import TASK_TYPES, AnswerInvalid
from training.answers import offsets_kept, span_offsets

# Offsets as a browser counts them, in UTF-16 code units.
EXPORT = """id\ttext\tlabel\tannotator
1\tShip to Lisbon today\t"[{""start"": 8, ""end"": 14, ""text"": ""Lisbon"", ""labels"": [""City""]}]"\t1
2\t🚚 leaves Porto at nine\t"[{""start"": 10, ""end"": 15, ""text"": ""Porto"", ""labels"": [""City""]}]"\t2
3\t🎉🎉 party in Faro next week\t"[{""start"": 14, ""end"": 18, ""text"": ""Faro"", ""labels"": [""City""]}]"\t3
4\tNo emoji but Braga\t"[{""start"": 13, ""end"": 18, ""text"": ""Braga"", ""labels"": [""City""]}]"\t4
"""


def checked(text: str, file_name: str = "export.tsv") -> ImportCheck:
    table = read_table(content=text.encode(), file_name=file_name)
    rules = StudyRules(
        definition=TASK_TYPES["entity_extraction"],
        labels=("City",),
        dev_fraction=0,
        test_fraction=0,
        seed=0,
        is_test_frozen=False,
    )
    options, _ = guess_columns(columns=table.columns, input_fields=("text",))
    return check_rows(table=table, options=options, rules=rules)


def cities(found: ImportCheck) -> list[str]:
    spans = [(one.fields["text"], json.loads(one.label)) for one in found.candidates]
    return [text[span["start"] : span["end"]] for text, (span,) in spans]


def read(text: str, *spans: dict[str, object], remarks: Counter[str] | None = None) -> list[dict[str, object]]:
    cell = json.dumps([{"label": "City", **span} for span in spans])
    form = TASK_TYPES["entity_extraction"]
    found = form.read_cell(cell=cell, cells={"text": text}, labels=["City"], remarks=remarks)
    return json.loads(found)  # type: ignore[no-any-return]


def test_offsets_in_utf_16_are_moved_to_the_words_and_this_is_said() -> None:
    found = checked(EXPORT)
    assert cities(found) == ["Lisbon", "Porto", "Faro", "Braga"]
    assert "Spans counted in UTF-16 code units were moved so that their own words fit: 2 rows." in found.notes


def test_offsets_in_bytes_are_moved_to_the_words() -> None:
    (span,) = read("à Porto", {"start": 3, "end": 8, "text": "Porto"})
    assert (span["start"], span["end"]) == (2, 7)


def test_a_span_whose_words_stand_elsewhere_is_refused_with_its_line() -> None:
    found = checked(EXPORT.replace('""start"": 13', '""start"": 11'))
    assert [str(error) for error in found.errors] == [
        "Line 5: label: it has a span “Braga” at 11 to 18, where the text has “t Braga”"
    ]
    assert cities(found) == ["Lisbon", "Porto", "Faro"]


def test_one_span_of_a_text_that_is_misplaced_keeps_all_of_them_out() -> None:
    with pytest.raises(AnswerInvalid, match="where the text has “orto,”"):
        read("🚚 Porto, Faro", {"start": 3, "end": 8, "text": "Porto"}, {"start": 9, "end": 13, "text": "Faro"})


def test_a_span_without_words_moves_with_those_of_its_text() -> None:
    found = read("🚚 Porto, Faro", {"start": 3, "end": 8, "text": "Porto"}, {"start": 10, "end": 14})
    assert [one["start"] for one in found] == [2, 9]


def test_white_space_at_the_ends_of_a_spans_words_does_not_matter() -> None:
    (span,) = read("in  Porto now", {"start": 3, "end": 10, "text": "Porto"})
    assert (span["start"], span["end"]) == (4, 9)


def test_spans_without_words_are_counted_where_browsers_count_otherwise() -> None:
    remarks = Counter[str]()
    read("🚚 Porto", {"start": 2, "end": 7}, remarks=remarks)
    read("in Porto", {"start": 3, "end": 8}, remarks=remarks)
    ((remark, count),) = remarks.items()
    assert remark.startswith("Span offsets were read as characters")
    assert count == 1


def test_a_text_is_composed_once_however_many_spans_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[int] = []

    def normalize(form: Literal["NFC"], text: str) -> str:
        composed.append(len(text))
        return unicodedata.normalize(form, text)

    monkeypatch.setattr(span_offsets, "unicodedata", SimpleNamespace(normalize=normalize))
    text = " e\N{COMBINING ACUTE ACCENT}" * 2000
    offsets_kept([3 * n + 1 for n in range(2000)], text=text)
    assert sum(composed) <= 2 * len(text)
