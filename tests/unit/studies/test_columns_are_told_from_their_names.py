import pytest

from studies.imports import guess_columns
from studies.imports.columns import is_about_the_row

TEXT, PAIR = ("text",), ("text_a", "text_b")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["id", "text", "label"], "text"),
        (["Text", "text"], "text"),
        (["id", "TEXT"], "TEXT"),
        (["id", "sentence", "label"], "sentence"),
        (["title", "body"], "body"),
        (["uid", "created_at", "note", "label"], "note"),
        (["Unnamed: 0", "Review Text", "Stars"], "Review Text"),
        (["Timestamp", "Email Address", "What was bad?", "label"], "What was bad?"),
        (["username", "E-mail", "remark"], "remark"),
    ],
)
def test_the_text_is_told_by_its_name_or_as_the_only_one_left(columns: list[str], text: str) -> None:
    options, unsure = guess_columns(columns=columns, input_fields=TEXT)
    assert (options.columns, unsure) == ({"text": text}, ())


@pytest.mark.parametrize("columns", [["first", "second"], ["id", "code", "label"], ["label"]])
def test_a_header_that_does_not_tell_leaves_the_guess_unsure(columns: list[str]) -> None:
    assert guess_columns(columns=columns, input_fields=TEXT)[1] == TEXT


def test_an_id_is_proposed_last() -> None:
    assert guess_columns(columns=["id", "first", "second"], input_fields=TEXT)[0].columns == {"text": "first"}
    assert guess_columns(columns=["id", "code"], input_fields=TEXT)[0].columns == {"text": "id"}


def test_a_pair_is_taken_in_the_order_of_its_columns() -> None:
    options, unsure = guess_columns(columns=["id", "claim", "evidence", "verdict", "label"], input_fields=PAIR)
    assert (options.columns, unsure) == ({"text_a": "claim", "text_b": "evidence"}, PAIR)
    assert guess_columns(columns=["claim", "evidence", "label"], input_fields=PAIR)[1] == ()


def test_label_and_split_are_told_by_name_in_any_case() -> None:
    options, _ = guess_columns(columns=["Split", "text", "Category"], input_fields=TEXT)
    assert (options.label_column, options.split_column) == ("Category", "Split")


@pytest.mark.parametrize("name", ["id", "UID", "example_id", "annotator", "lead_time", "Unnamed: 3", "created_at", "#"])
def test_a_name_of_an_id_or_a_time_is_about_the_row(name: str) -> None:
    assert is_about_the_row(name)


@pytest.mark.parametrize("name", ["idea", "video", "paid", "said", "note", "headline"])
def test_a_name_that_only_ends_so_is_not(name: str) -> None:
    assert not is_about_the_row(name)
