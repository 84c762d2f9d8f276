import json
import math
from typing import Any

import pytest

from connections.client import Reply, read_reply
from connections.models import Outcome
from connections.prompts import (
    BALANCED,
    AnswerForm,
    LabelledExample,
    LabelPrompt,
    Method,
    PromptImpossible,
    PromptSettings,
    PromptSource,
    PromptText,
    PromptTextInvalid,
    check_text,
    entities_as_json,
    make_prompt,
    usual_text,
)
from connections.reading import read_answer

ABLE: dict[str, Any] = {"limit": "max_tokens", "alternatives": 20, "structured": True}
ROW = {"text": "Ada met Bob"}


def prompt(form: AnswerForm, abilities: dict[str, Any] = ABLE, *, samples: int = 1, **changes: Any) -> LabelPrompt:
    has_labels = form != AnswerForm.TEXT
    told: dict[str, Any] = {
        "labels": ("person",) if has_labels else (),
        "meanings": {},
        "instructions": "Shorten it.",
        "is_exclusive": has_labels,
        "fields": ("text",),
        "text": usual_text(("text",), has_labels=has_labels),
        "form": form,
    }
    chosen = PromptSettings(
        shots=2, shots_by=BALANCED, confidence=0.9, samples=samples, temperature=0.7, answer_length=48
    )
    return make_prompt(source=PromptSource(**{**told, **changes}), abilities=abilities, settings=chosen)


def test_entities_are_asked_for_by_their_words() -> None:
    shown = LabelledExample(fields={"text": "Eve"}, labels=("person",), answer=entities_as_json([("Eve", "person")]))
    made = prompt(AnswerForm.ENTITIES, examples=(shown,))
    request = made.request(ROW)
    assert made.method == Method.SCHEMA
    schema = request["response_format"]["json_schema"]["schema"]["properties"]["entities"]["items"]
    assert schema["properties"]["label"]["enum"] == ["person"] and schema["required"] == ["text", "label"]
    assert "- person" in request["messages"][0]["content"]
    assert [one["content"] for one in request["messages"][1:]] == [
        "Eve",
        '{"entities": [{"text": "Eve", "label": "person"}]}',
        "Ada met Bob",
    ]
    assert LabelPrompt.from_payload(json.loads(json.dumps(made.payload))) == made


def test_a_longer_text_may_have_more_entities() -> None:
    made = prompt(AnswerForm.ENTITIES)
    limits = [made.request({"text": "a" * num})["max_tokens"] for num in (0, 100)]
    assert limits[1] - limits[0] == 200
    assert made.output_limit({"text": "a" * 100}) == limits[1]
    assert prompt(AnswerForm.ENTITIES, {"limit": "max_tokens"}).request(ROW).keys() == {
        *("messages", "max_tokens", "temperature", "seed")
    }


def test_a_text_is_asked_for_up_to_its_limit_and_with_the_probabilities_of_its_tokens() -> None:
    made = prompt(AnswerForm.TEXT, samples=3)
    request = made.request(ROW, sample=2)
    assert (made.method, made.samples, made.output_limit(ROW)) == (Method.TOKENS, 3, 48)
    assert (request["max_tokens"], request["logprobs"], request["temperature"], request["seed"]) == (48, True, 0.7, 2)
    assert request["messages"][0]["content"].startswith("Shorten it.\n\nAnswer with the text alone")
    assert prompt(AnswerForm.TEXT, {"limit": "max_tokens"}).method == Method.TEXT


def test_whoever_is_told_nothing_is_not_asked_to_write() -> None:
    with pytest.raises(PromptImpossible, match="would not know what to write"):
        prompt(AnswerForm.TEXT, instructions=" ")
    assert prompt(AnswerForm.TEXT, instructions="", asks="Answer the question.")
    shown = LabelledExample(fields=ROW, labels=(), answer="Ada")
    assert prompt(AnswerForm.TEXT, instructions="", examples=(shown,)).messages[-1]["content"] == "Ada"
    assert prompt(AnswerForm.TEXT, instructions="", text=PromptText(system="{{how_to_answer}}!", message="{{text}}"))


def test_a_prompt_without_labels_has_no_place_for_them() -> None:
    usual = usual_text(("text",), has_labels=False)
    check_text(usual, fields=("text",), has_labels=False)
    with pytest.raises(PromptTextInvalid, match=r"no place {{labels}}"):
        check_text(usual_text(("text",)), fields=("text",), has_labels=False)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(content="Ada met", finish="length"), Outcome.CUT),
        (Reply(content="", refusal="No."), Outcome.REFUSED),
        (Reply(content=" \n\u200b", finish="stop"), Outcome.EMPTY),
        (Reply(content="<think>Ada\n</think>\n", finish="stop"), Outcome.EMPTY),
        (Reply(content="a\0b", finish="stop"), Outcome.UNREADABLE),
        (Reply(content="a" * 20_001, finish="stop"), Outcome.UNREADABLE),
    ],
)
def test_what_is_no_text_is_an_outcome(reply: Reply, outcome: Outcome) -> None:
    found = read_answer(prompt=prompt(AnswerForm.TEXT), reply=reply, row=ROW)
    assert (found.outcome, found.value, found.scores) == (outcome, "", None)


def test_a_text_is_kept_clean_with_its_probability() -> None:
    reply = Reply(content=' ["Ada"]\n', finish="stop", log_probability=math.log(0.25))
    found = read_answer(prompt=prompt(AnswerForm.TEXT), reply=reply, row=ROW)
    assert json.loads(found.value) == ['["Ada"]']
    assert found.scores == pytest.approx((0.25,))
    for told in (Reply(content="Ada"), Reply(content="<think>A</think>Ada", log_probability=-1.0)):
        unknown = read_answer(prompt=prompt(AnswerForm.TEXT), reply=told, row=ROW)
        assert (unknown.outcome, unknown.value, unknown.scores) == (Outcome.ANSWERED, '["Ada"]', None)


@pytest.mark.parametrize(
    ("logprobs", "mean"),
    [
        ([-1, -3], -2),
        ([0.001, -1], -0.5),
        ([], None),
        ([float("nan")], None),
        (["much"], None),
    ],
)
def test_the_probabilities_of_tokens_are_read_with_care(logprobs: list[Any], mean: float | None) -> None:
    choice = {"message": {"content": "a"}, "logprobs": {"content": [{"logprob": one} for one in logprobs]}}
    assert read_reply(json.dumps({"choices": [choice]}).encode()).log_probability == mean


def test_entities_are_read_from_the_text_that_was_asked_about() -> None:
    reply = Reply(content=entities_as_json([("Bob", "person")]), finish="stop")
    found = read_answer(prompt=prompt(AnswerForm.ENTITIES), reply=reply, row=ROW)
    assert json.loads(found.value) == [{"start": 8, "end": 11, "label": "person"}]
    missing = read_answer(prompt=prompt(AnswerForm.ENTITIES), reply=reply, row={"text": "Ada"})
    assert (missing.outcome, missing.detail) == (Outcome.NOT_IN_TEXT, "“Bob” is not in the text")
