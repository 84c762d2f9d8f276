import json

import pytest

from training.serving.requests import RequestInvalid, RequestLimits, read_request

LIMITS = RequestLimits(max_bytes=1_000, max_texts=6, max_characters=10)
PAIR = ("text_a", "text_b")


def test_each_text_that_is_no_example_has_its_own_problem() -> None:
    body = json.dumps({"texts": ["good", " \u200b", 5, "x" * 11, "half \ud800", ["a"]]}).encode()
    lines = read_request(body, fields=("text",), limits=LIMITS)
    assert lines[0].texts == {"text": "good"} and not lines[0].problem
    assert [line.problem.partition(" (")[0] for line in lines[1:]] == [
        "has an empty text",
        "has a text that is no text",
        "has a text of 11 characters, 10 is the maximum",
        "has a text with half of a character, or a NUL",
        "has a text that is no text",
    ]


def test_a_pair_has_two_texts() -> None:
    body = json.dumps({"pairs": [["a", "b"], ["a"], "ab", ["a", ""]]}).encode()
    lines = read_request(body, fields=PAIR, limits=LIMITS)
    assert lines[0].texts == {"text_a": "a", "text_b": "b"}
    assert [line.problem for line in lines[1:]] == ["is no pair of texts", "is no pair of texts", "has an empty text_b"]


def test_a_question_may_have_no_passage() -> None:
    body = json.dumps({"pairs": [["a", ""], ["", "b"]]}).encode()
    first, second = read_request(body, fields=("question", "passage"), limits=LIMITS, optional=("passage",))
    assert (first.texts, second.problem) == ({"question": "a", "passage": ""}, "has an empty question")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"good film", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'["good"]', "no list of texts"),
        (b'{"texts": "good"}', "no list of texts"),
        (b'{"texts": []}', "no list of texts"),
        (b'{"pairs": [["a", "b"]]}', "no list of texts"),
        (b'{"texts": ["a","a","a","a","a","a","a"]}', "There are 7 texts, 6 is the maximum"),
    ],
)
def test_what_has_no_texts_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(RequestInvalid, match=words):
        read_request(body, fields=("text",), limits=LIMITS)
