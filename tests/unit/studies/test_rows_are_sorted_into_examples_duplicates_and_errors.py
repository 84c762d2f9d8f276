from typing import Any

import pytest

from studies.imports import ImportCheck, ImportOptions
from studies.imports.columns import guess_columns
from studies.imports.files import read_table
from studies.imports.row_checks import ColumnsWrong, StudyRules, check_rows
from studies.task_types import TASK_TYPES


def check(text: str, **rules: Any) -> ImportCheck:
    table = read_table(content=text.encode(), file_name="rows.csv")
    options = ImportOptions(
        columns={"text": "text"},
        label_column="label" if "label" in table.columns else "",
        split_column="split" if "split" in table.columns else "",
    )
    defaults: dict[str, Any] = {
        "definition": TASK_TYPES["text_classification"],
        "labels": ("good", "bad"),
        "dev_fraction": 0.1,
        "test_fraction": 0.2,
        "seed": 0,
        "is_test_frozen": False,
    }
    return check_rows(table=table, options=options, rules=StudyRules(**{**defaults, **rules}))


def test_the_same_row_twice_is_one_example() -> None:
    checked = check("text\nhello\nhello \n")
    assert (len(checked.candidates), checked.num_duplicates) == (1, 1)


def test_rows_alike_but_for_case_and_spaces_share_a_split() -> None:
    rows = "\n".join(f"Sentence number {n}\nsentence  NUMBER {n}" for n in range(200))
    splits: dict[str, set[str]] = {}
    for candidate in check(f"text\n{rows}\n").candidates:
        splits.setdefault(candidate.group_hash, set()).add(candidate.split)
    assert len(splits) == 200
    assert all(len(found) == 1 for found in splits.values())


def test_splits_come_near_their_fractions() -> None:
    checked = check("text\n" + "\n".join(f"row {n}" for n in range(2000)))
    share = {split: sum(row.split == split for row in checked.candidates) / 2000 for split in ("dev", "test")}
    assert share["dev"] == pytest.approx(0.1, abs=0.03)
    assert share["test"] == pytest.approx(0.2, abs=0.03)


def test_each_bad_row_is_named_with_its_line_and_reason() -> None:
    checked = check("text,label,split\n ,good,pool\na,ugly,pool\nb,good,training\nc,good,pool\n")
    assert [error.line for error in checked.errors] == [2, 3, 4]
    reasons = ["empty", "not a label", "not pool, dev or test"]
    assert all(reason in error.message for error, reason in zip(checked.errors, reasons, strict=True))


def test_one_text_with_two_labels_is_an_error() -> None:
    assert "has the label “good” already" in check("text,label\na,good\na,bad\n").errors[0].message


def test_a_label_that_comes_with_a_later_copy_is_kept() -> None:
    checked = check("text,label\na,\na,good\n")
    assert list(checked.late_labels.values()) == ["good"]


def test_a_label_that_a_language_model_gave_is_left_out_and_said() -> None:
    rows = "a,good,pool,language_model\nb,bad,pool,annotation\nc,good,pool,import\nd,,pool,language_model\n"
    checked = check(f"text,label,split,source\n{rows}a,,pool,\n")
    assert [one.label for one in checked.candidates] == ["", "bad", "good", ""]
    assert not checked.errors and not checked.late_labels and checked.num_duplicates == 1
    (remark,) = (note for note in checked.notes if "language model" in note)
    assert "counts as gold: 1 row" in remark
    late = check("text,label,Source\na,,\na,good,language_model\n")
    assert not late.late_labels and any("language model" in note for note in late.notes)


def test_a_column_of_that_name_that_is_the_text_says_nothing_of_labels() -> None:
    table = read_table(content=b"source,label\nlanguage_model,good\n", file_name="rows.csv")
    rules = StudyRules(
        definition=TASK_TYPES["text_classification"],
        labels=("good",),
        dev_fraction=0,
        test_fraction=0,
        seed=0,
        is_test_frozen=False,
    )
    options = ImportOptions(columns={"text": "source"}, label_column="label")
    assert [one.label for one in check_rows(table=table, options=options, rules=rules).candidates] == ["good"]


def test_a_frozen_test_split_takes_no_row() -> None:
    checked = check("text\n" + "\n".join(f"row {n}" for n in range(500)), is_test_frozen=True)
    assert {row.split for row in checked.candidates} == {"pool", "dev"}
    assert "frozen" in check("text,split\na,test\n", is_test_frozen=True).errors[0].message


def test_a_missing_column_is_named_beside_those_there_are() -> None:
    with pytest.raises(ColumnsWrong, match=r"no column body. It has text"):
        check_rows(
            table=read_table(content=b"text\na\n", file_name="rows.csv"),
            options=ImportOptions(columns={"text": "body"}),
            rules=StudyRules(
                definition=TASK_TYPES["text_classification"],
                labels=("a",),
                dev_fraction=0,
                test_fraction=0,
                seed=0,
                is_test_frozen=False,
            ),
        )


def test_a_mapping_is_proposed_from_the_names() -> None:
    options, _ = guess_columns(columns=["id", "text_b", "text_a", "Label"], input_fields=["text_a", "text_b"])
    assert (options.columns, options.label_column) == ({"text_a": "text_a", "text_b": "text_b"}, "Label")
