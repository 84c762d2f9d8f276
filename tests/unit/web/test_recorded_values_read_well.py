from typing import Any

import pytest

from web.presenters import action_in_words
from web.presenters.wording import recorded_value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ("", "none"),
        (True, "yes"),
        ("100.000000", "100"),
        ("0.129000", "0.129"),
        ("1.20.0", "1.20.0"),
        (["a", "b"], "a, b"),
        ([str(number) for number in range(12)], "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
        ({"name": "MiniLM", "revision": None}, "name MiniLM"),
    ],
)
def test_a_value_stands_on_one_line(value: Any, words: str) -> None:
    assert recorded_value(value) == words


def test_an_action_reads_as_words() -> None:
    assert action_in_words("price_book.create") == "Price book: create"
