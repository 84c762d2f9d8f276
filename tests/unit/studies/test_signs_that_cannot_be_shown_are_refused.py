"""What no page and no XML can carry makes no study: such a study could neither be published nor edited."""

from typing import Any

import pytest

from budgets.models import PriceBook
from studies.editing import StudyInvalid, StudySpec
from tables.signs import is_blank
from web.forms.studies import lines_of

MODEL = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}


def spec(**fields: Any) -> StudySpec:
    plain = {"name": "Reviews", "task_type": "text_classification", "labels": ("Praise", "Blame"), "limit": "1"}
    models = {"student_model": MODEL, "teacher_model": MODEL, "price_book": PriceBook(name="Standard")}
    return StudySpec(**{**plain, **models, **fields})


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1b", "\x7f", "\x9b", "\ud800", "\ufffe"])
@pytest.mark.parametrize("name", ["name", "instructions"])
def test_the_field_and_the_sign_are_named(name: str, sign: str) -> None:
    with pytest.raises(StudyInvalid, match=rf"^{name}: it has .*U\+{ord(sign):04X}"):
        spec(**{name: f"Read{sign}twice"})


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x0c", "\x1f", "\t", "\u2028", "\udfff"])
def test_a_label_with_one_is_named_with_its_place(sign: str) -> None:
    with pytest.raises(StudyInvalid, match=r"^labels: “Pra.ise” has .* as character 4"):
        spec(labels=(f"Pra{sign}ise", "Blame"))


@pytest.mark.parametrize("other", ["praise", "Praise\u200b", "\u2060Praise", "Prai\u00adse", "Praise\u00a0"])
def test_labels_that_look_alike_are_refused_by_name(other: str) -> None:
    with pytest.raises(StudyInvalid, match=r"^labels: “Praise” and “.*” differ only in case"):
        spec(labels=("Praise", "Blame", other))


def test_labels_that_differ_by_spaces_alone_are_alike() -> None:
    with pytest.raises(StudyInvalid, match="differ only in case, spaces"):
        spec(labels=("very good", "very  good"))


@pytest.mark.parametrize("blank", ["", "  ", "\u200b", "\u2060\u00ad", "\ufeff"])
def test_a_name_of_which_nothing_can_be_seen_is_none(blank: str) -> None:
    assert is_blank(blank)
    with pytest.raises(StudyInvalid, match="name: give the study a name"):
        spec(name=blank)


def test_lines_tabs_and_every_script_may_stand_in_instructions() -> None:
    text = "Lob:\tja.\r\nTadel: nein.\n日本語 ไทย हिन्दी \U0001f44d"
    assert spec(instructions=text).instructions == text


def test_a_name_of_another_model_is_checked_too() -> None:
    with pytest.raises(StudyInvalid, match="student name: it has a NUL"):
        spec(student_model={"source": "hub", "name": "a\x00b", "revision": None})


def test_names_and_instructions_have_a_length_that_is_told() -> None:
    with pytest.raises(StudyInvalid, match="name: 121 characters; the maximum is 120"):
        spec(name="x" * 121)


def test_only_a_line_break_ends_a_label_of_the_form() -> None:
    assert lines_of("Pra\x0bise\r\nBla\u2028me\nOther") == ("Pra\x0bise", "Bla\u2028me", "Other")
