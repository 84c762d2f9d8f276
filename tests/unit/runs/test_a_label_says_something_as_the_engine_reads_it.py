import pytest

from runs.preflight.label_checks import says_something
from training.fewshot.names import says_something as engine_says_something

TEXTS = ["1", "B", "B2", "a b", "good", "ok", "日", "日本", "é", "né", "a1b2", "", "--", "C++", "ไทย", "ʰʰ"]


@pytest.mark.parametrize("text", TEXTS)
def test_preflight_and_engine_agree(text: str) -> None:
    assert says_something(text) == engine_says_something(text)


def test_some_say_something_and_some_do_not() -> None:
    assert {says_something(text) for text in TEXTS} == {True, False}
