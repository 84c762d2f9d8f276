import unicodedata

import pytest

from tables.signs import comparable, is_blank

FAMILY = "👨\u200d👩\u200d👧"
PERSIAN = "می\u200cروم"


@pytest.mark.parametrize(
    "other",
    [
        "Paid\u200b twice?",
        "\ufeffPaid twice?",
        "Pa\u00adid twice?",
        "Paid\u2060 twice?\u200e",
        "Paid\u200c twi\u200dce?",
        "Paid\u00a0twice?",
        "Paid\u202ftwice?\r\n",
        "\u00a0 Paid twice?\u200b ",
    ],
)
def test_signs_that_nobody_sees_make_no_other_text(other: str) -> None:
    assert comparable(other) == "Paid twice?"


@pytest.mark.parametrize("text", [FAMILY, PERSIAN, "a  b", "a\nb", "🏴\U000e0067\U000e007f", "❤\ufe0f"])
def test_what_changes_how_a_text_looks_stays(text: str) -> None:
    assert comparable(text) == text


def test_line_ends_and_composed_letters_are_alike() -> None:
    assert comparable("a\r\nb\rc") == "a\nb\nc"
    assert comparable(unicodedata.normalize("NFD", "café")) == "café"
    assert comparable("cafe\u200b\u0301") == "café"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t",
        "\u200b",
        "\ufeff\u2060\u00a0",
        "\u200d\u00ad",
        "\u3164\u2800",
        "\x1f\ufe0f",
        "\ufff9\ufffb",
        "\U0001d173",
    ],
)
def test_a_text_of_which_nothing_can_be_seen_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", FAMILY, "\u200b.", "\u0966", "\u0301a"])
def test_a_text_with_something_to_see_is_not(text: str) -> None:
    assert not is_blank(text)


def test_very_many_accents_on_one_letter_are_not_composed() -> None:
    text = "e" + "\u0301\u0323" * 500
    assert comparable(text) == text
