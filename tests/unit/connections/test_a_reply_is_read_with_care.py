import json
import math
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.client import (
    Client,
    ConnectionUnusable,
    Endpoint,
    Reply,
    ReplyLost,
    RequestFailed,
    RequestRejected,
    ServerBusy,
    Usage,
    read_reply,
)
from connections.models import Outcome
from connections.prompts import BALANCED, LabelPrompt, PromptSettings, PromptSource, make_prompt, usual_text
from connections.reading import pooled, read_answer

LETTERS: dict[str, Any] = {"alternatives": 20}
SCHEMA: dict[str, Any] = {"structured": True}
TEXT: dict[str, Any] = {}
ROW = {"text": "So so"}


def prompt(abilities: dict[str, Any], *, is_exclusive: bool = True, samples: int = 1) -> LabelPrompt:
    told: dict[str, Any] = {"meanings": {}, "instructions": "", "fields": ("text",), "text": usual_text(("text",))}
    source = PromptSource(labels=("Good", "Bad", "So so"), is_exclusive=is_exclusive, **told)
    chosen = PromptSettings(
        shots=0, shots_by=BALANCED, confidence=0.8, samples=samples, temperature=1.0, answer_length=64
    )
    return make_prompt(source=source, abilities=abilities, settings=chosen)


def test_letters_are_added_up_over_their_tokens_and_renormalised() -> None:
    told = (("A", math.log(0.3)), (" A", math.log(0.1)), ("B", math.log(0.1)), ("The", math.log(0.4)))
    found = read_answer(prompt=prompt(LETTERS), reply=Reply(content="A", finish="length", alternatives=told), row=ROW)
    assert found.scores == pytest.approx((0.8, 0.2, 0.0))
    assert found.mass == pytest.approx(0.5)


def test_a_log_probability_that_is_rounded_to_above_zero_counts_as_certain() -> None:
    told = (("A", 1e-6), ("B", -12.0), ("C", 4.0))
    found = read_answer(prompt=prompt(LETTERS), reply=Reply(content="A", alternatives=told), row=ROW)
    assert found.scores == pytest.approx((1, 0, 0), abs=1e-4)


@pytest.mark.parametrize(
    ("abilities", "reply", "outcome"),
    [
        (LETTERS, Reply(content="A"), Outcome.INVALID),
        (LETTERS, Reply(content="A", alternatives=(("A", math.nan),)), Outcome.OFF_LABEL),
        (LETTERS, Reply(content="Hm", alternatives=(("Hm", -0.01), ("A", -5.0))), Outcome.OFF_LABEL),
        (LETTERS, Reply(content="", refusal="No."), Outcome.REFUSED),
        (SCHEMA, Reply(content='{"label": "Go', finish="length"), Outcome.CUT),
        (SCHEMA, Reply(content='{"label": "Excellent"}'), Outcome.INVALID),
        (SCHEMA, Reply(content='["Good"]'), Outcome.INVALID),
        (SCHEMA, Reply(content="[" * 100_000), Outcome.INVALID),
        (SCHEMA, Reply(content='{"label": "Good"}', finish="content_filter"), Outcome.REFUSED),
        (TEXT, Reply(content="Das ist gut."), Outcome.INVALID),
        (TEXT, Reply(content="<think>Good"), Outcome.INVALID),
    ],
)
def test_what_is_no_answer_is_an_outcome_without_scores(
    abilities: dict[str, Any], reply: Reply, outcome: Outcome
) -> None:
    found = read_answer(prompt=prompt(abilities), reply=reply, row=ROW)
    assert (found.outcome, found.scores) == (outcome, None)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "NaN", "-1e999", '"no"', "null", "[]"])
def test_an_odd_probability_is_none_and_the_answer_is_kept(number: str) -> None:
    told = f'{{"token": "A", "logprob": {number}, "top_logprobs": [{{"token": "A", "logprob": {number}}}]}}'
    body = f'{{"choices": [{{"message": {{"content": "Good"}}, "logprobs": {{"content": [{told}]}}}}]}}'
    reply = read_reply(body.encode())
    assert (reply.content, reply.log_probability) == ("Good", None)
    assert read_answer(prompt=prompt(LETTERS), reply=reply, row=ROW).scores is None


@pytest.mark.parametrize(("said", "seconds"), [("nan", None), ("soon", None), ("-1", 0.0), ("2.5", 2.5)])
def test_a_wait_that_is_no_number_is_none(said: str, seconds: float | None) -> None:
    with Client(Endpoint(url="http://127.0.0.1:1", model="m")) as client:
        failure = client._failure(httpx.Response(503, headers={"Retry-After": said}), b"busy")
    assert isinstance(failure, ServerBusy) and failure.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, ConnectionUnusable),
        (307, ConnectionUnusable),
        (405, ConnectionUnusable),
        (410, ConnectionUnusable),
        (400, RequestRejected),
        (413, RequestRejected),
        (429, ServerBusy),
        (503, ServerBusy),
        (529, ServerBusy),
        (504, ReplyLost),
        (524, ReplyLost),
    ],
)
def test_a_failure_is_of_the_text_or_of_the_connection(status: int, expected: type[RequestFailed]) -> None:
    with Client(Endpoint(url="http://127.0.0.1:1", model="m")) as client:
        failure = client._failure(httpx.Response(status, headers={"Location": "https://new.example/v1"}), b"no")
    assert type(failure) is expected
    assert ("https://new.example/v1" in str(failure)) == (status < 400)


@pytest.mark.parametrize(("abilities", "content"), [(SCHEMA, '{"label": "Bad"}'), (TEXT, " bad. "), (TEXT, "“Bad”")])
def test_a_hard_answer_has_the_stated_confidence(abilities: dict[str, Any], content: str) -> None:
    found = read_answer(prompt=prompt(abilities), reply=Reply(content=content, finish="stop"), row=ROW)
    assert found.scores == pytest.approx((0.1, 0.8, 0.1))


@pytest.mark.parametrize("before", ["<think>\nGood?\n</think>\n\n", "Good?</think>", "<think></think>"])
def test_what_a_model_writes_while_it_reasons_is_no_part_of_its_answer(before: str) -> None:
    found = read_answer(prompt=prompt(TEXT), reply=Reply(content=f"{before}Bad", finish="stop"), row=ROW)
    assert found.scores == pytest.approx((0.1, 0.8, 0.1))


def test_samples_are_shares_beside_one_that_is_undecided() -> None:
    asked = prompt(SCHEMA, samples=4)
    replies = [Reply(content=json.dumps({"label": label}), finish="stop") for label in ("Good", "Good", "Bad")]
    votes = [read_answer(prompt=asked, reply=reply, row=ROW).scores or () for reply in replies]
    assert votes[0] == (1, 0, 0)
    # The fourth did not come.
    assert pooled(prompt=asked, samples=votes) == pytest.approx([(2 + 1 / 3) / 4, (1 + 1 / 3) / 4, (1 / 3) / 4])
    several = prompt(SCHEMA, samples=2, is_exclusive=False)
    assert pooled(prompt=several, samples=[(1.0, 0.0, 0.0), (1.0, 1.0, 0.0)]) == pytest.approx([2.5 / 3, 0.5, 0.5 / 3])


def test_of_several_labels_each_has_it_alone() -> None:
    reply = Reply(content='{"labels": ["So so", "Good"]}')
    found = read_answer(prompt=prompt(SCHEMA, is_exclusive=False), reply=reply, row=ROW)
    assert found.scores == pytest.approx((0.8, 0.2, 0.8))


def body(**changes: Any) -> bytes:
    choice = {"message": {"content": "A"}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], **changes}).encode()


def test_usage_is_read_with_its_cached_part() -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 20}}
    assert read_reply(body(usage=told)).usage == Usage(input_tokens=9, cached_tokens=9, output_tokens=2)


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"prompt_tokens": 9},
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
    ],
)
def test_usage_that_cannot_be_billed_is_none(told: object) -> None:
    assert read_reply(body(usage=told)).usage is None


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b'{"choices": []}', b"[" * 100_000])
def test_what_is_no_completion_is_a_lost_reply(content: bytes) -> None:
    with pytest.raises(ReplyLost):
        read_reply(content)


@given(st.lists(st.tuples(st.text(max_size=3), st.floats(allow_nan=True)), max_size=20))
def test_scores_are_probabilities_whatever_a_server_tells(told: list[tuple[str, float]]) -> None:
    found = read_answer(prompt=prompt(LETTERS), reply=Reply(content="", alternatives=tuple(told)), row=ROW)
    if found.scores is not None:
        assert sum(found.scores) == pytest.approx(1)
        assert all(0 <= score <= 1 for score in found.scores)
