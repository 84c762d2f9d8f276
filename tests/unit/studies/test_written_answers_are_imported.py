import json
from typing import Any

import pytest

from studies.editing.specs import StudyInvalid, checked_labels
from studies.imports import ImportCheck, guess_columns, known_columns
from studies.imports.files import read_table
from studies.imports.row_checks import StudyRules, check_rows
from studies.task_types import TASK_TYPES

QUESTIONS, GENERATION = TASK_TYPES["question_answering"], TASK_TYPES["text_generation"]
PASSAGE = "Zoë 😀 was born in Paris, in 1912."


def check(name: str, rows: list[dict[str, Any]], columns: tuple[str, ...] = ()) -> ImportCheck:
    """Check rows of a JSONL file, or of a CSV where its columns are given."""
    definition = TASK_TYPES[name]
    lines = [json.dumps(row) for row in rows]
    suffix = "jsonl"
    if columns:
        cells = [
            ["" if one is None else '"' + str(one).replace('"', '""') + '"' for one in row.values()] for row in rows
        ]
        lines, suffix = [",".join(columns), *map(",".join, cells)], "csv"
    table = read_table(content="\n".join(lines).encode(), file_name=f"rows.{suffix}")
    options, _ = guess_columns(columns=table.columns, **known_columns(definition))
    rules = StudyRules(
        definition=definition, labels=(), dev_fraction=0.2, test_fraction=0.3, seed=0, is_test_frozen=False
    )
    return check_rows(table=table, options=options, rules=rules)


def answer(name: str, label: object, **fields: Any) -> Any:
    """Read one row's label; the error's text where it is refused."""
    checked = check(name, [{**fields, "label": label}])
    return checked.errors[0].message if checked.errors else json.loads(checked.candidates[0].label or "null")


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        (" another text ", ["another text"]),
        (["one", "two ", "one"], ["one", "two"]),
        ("[Music] plays", ["[Music] plays"]),
        ('["one", "two"]', ["one", "two"]),
        ("two\nlines", ["two\nlines"]),
        ("", None),
        (None, None),
        (42, ["42"]),
        ("e\u0301", ["é"]),
    ],
)
def test_a_text_or_a_list_of_texts_is_an_answer(label: object, kept: list[str] | None) -> None:
    assert answer("text_generation", label, text="a source") == kept


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([], "it has 0 texts; give from 1 to 100"),
        (["a", ""], "it has an empty text"),
        (["a", 3], "is not a valid list of texts; write the text itself, or a JSON list"),
        ([{"text": "a", "start": 0}], "is not a valid list of texts"),
        (["x" * 20_001], "it has 20,001 characters; the maximum is 20,000"),
        (["x"] * 1 + [str(number) for number in range(100)], "it has 101 texts"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(label: object, message: str) -> None:
    assert message in answer("text_generation", label, text="a source")


def test_a_target_that_is_its_source_is_imported_and_counted() -> None:
    checked = check("text_generation", [{"text": " same", "label": "same "}, {"text": "a", "label": ["b", "a"]}])
    assert len(checked.candidates) == 2
    assert "Imported although the text to write is the source itself: 2 rows." in checked.notes


def test_a_csv_has_answers_as_texts_or_json() -> None:
    rows = [{"question": "Q1?", "answers": '["a", "b"]'}, {"question": "Q2?", "answers": "c, d"}]
    checked = check("question_answering", rows, columns=("question", "answers"))
    assert [json.loads(one.label) for one in checked.candidates] == [["a", "b"], ["c, d"]]
    assert [one.fields["passage"] for one in checked.candidates] == ["", ""]


@pytest.mark.parametrize(
    "start", [pytest.param(18, id="characters"), pytest.param(19, id="UTF-16 units"), pytest.param(22, id="bytes")]
)
@pytest.mark.parametrize("form", ["objects", "lists"])
def test_places_of_answers_are_moved_to_characters_of_the_passage(start: int, form: str) -> None:
    assert PASSAGE[18:23] == "Paris"
    given = {"objects": [{"text": "Paris", "start": start}], "lists": {"text": ["Paris"], "answer_start": [start]}}
    found = answer("question_answering", given[form], question="Where?", passage=f"{PASSAGE}  ")
    assert found == [{"text": "Paris", "start": 18}]


def test_a_place_moves_with_the_passage_as_it_is_cleaned() -> None:
    given = [{"text": "new  world", "start": 9}, "else"]
    found = answer("question_answering", given, question="Where?", passage="  cafe\u0301, new\u00a0 world ")
    assert found == [{"text": "new\u00a0 world", "start": 6}, "else"]


def test_a_place_that_fits_in_no_unit_is_refused() -> None:
    found = answer("question_answering", [{"text": "Paris", "start": 3}], question="Where?", passage=PASSAGE)
    assert "“Paris” is to start at 3, where the passage has “ 😀 wa”; count characters from 0" in found
    assert "where the passage has “”" in answer("question_answering", [{"text": "x", "start": 0}], question="Where?")


def test_an_answer_that_is_not_in_its_passage_is_imported_and_counted() -> None:
    rows = [{"question": f"Q{n}?", "context": PASSAGE, "answers": ["in France"]} for n in range(2)]
    notes = check("question_answering", rows).notes
    assert any(note.startswith("Imported although no accepted answer is in the passage") for note in notes)


def test_passages_of_ten_thousand_characters_and_missing_ones_are_taken() -> None:
    rows: list[dict[str, Any]] = [
        {"question": "Q1?", "passage": "word " * 2000, "label": [{"text": "word", "start": 9995}]}
    ]
    rows += [{"question": "Q2?", "passage": None, "label": "x"}, {"question": "Q3?", "passage": float("nan")}]
    rows += [{"question": None, "passage": "p"}]
    checked = check("question_answering", rows)
    assert [len(one.fields["passage"]) for one in checked.candidates] == [9999, 0, 0]
    assert [error.message for error in checked.errors] == ["question: the text is empty"]


def test_questions_on_one_passage_stay_in_one_split() -> None:
    rows = [{"question": f"Q{n}?", "passage": f"{'Same' if n % 2 else 'same'} passage {n // 4}"} for n in range(400)]
    splits: dict[str, set[str]] = {}
    for one in check("question_answering", rows).candidates:
        splits.setdefault(one.fields["passage"].lower(), set()).add(one.split)
    assert len(splits) == 100 and all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"pool", "dev", "test"}


def test_a_passage_in_two_splits_is_an_error_of_its_row() -> None:
    rows = [{"question": f"Q{n}?", "passage": PASSAGE, "split": split} for n, split in enumerate(("pool", "test"))]
    (error,) = check("question_answering", rows).errors
    assert error.message.startswith("split: the same passage, or one that differs only in case or spaces, is in pool")


def test_columns_are_known_by_the_names_that_data_sets_give_them() -> None:
    names = ["id", "title", "context", "question", "answers"]
    options, unsure = guess_columns(columns=names, **known_columns(QUESTIONS))
    assert options.columns == {"question": "question", "passage": "context"} and options.label_column == "answers"
    options, _ = guess_columns(columns=["question", "answer", "note"], **known_columns(QUESTIONS))
    assert (options.columns["passage"], unsure) == ("", ())
    options, _ = guess_columns(columns=["source", "target"], **known_columns(GENERATION))
    assert (options.columns, options.label_column) == ({"text": "source"}, "target")


def test_a_study_of_written_answers_has_no_labels() -> None:
    assert checked_labels(["", " "], task_type="text_generation") == ()
    with pytest.raises(StudyInvalid, match="its answers are written"):
        checked_labels(["a"], task_type="question_answering")
