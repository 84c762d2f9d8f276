"""SmolLM2 behind llama.cpp's server: it proves the plumbing, and no quality is expected of it."""

import json
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from django.db.models import Sum

from budgets.cost_kinds import CostKind
from connections.buying import samples_of
from connections.models import Answer, Outcome
from connections.operations import run_self_test
from connections.prompts import AnswerForm, usual_text
from tests.integration.connections.conftest import STRUCTURED, Shop
from tests.language_server import CUT, Told, language_server, passed_on
from tests.local_model import local_model

MakeShop = Callable[..., Shop]
TEXTS = ["a great movie", "an awful day", "a great game", "an awful match", "a great film", "an awful thing"]


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with local_model() as url:
        yield url


def test_its_self_test_finds_what_it_can_do(shop: MakeShop, model_url: str) -> None:
    ours = shop(model_url, abilities={})
    tested = run_self_test(actor=ours.connection.created_by, connection=ours.connection)
    assert tested.abilities == {
        "answers": True,
        "limit": "max_tokens",
        "usage": True,
        "seed": True,
        "alternatives": 20,
        "structured": True,
    }


def test_every_text_is_answered_once_and_every_token_paid_once(shop: MakeShop, model_url: str) -> None:
    asked, lock, real, lost = count(1), threading.Lock(), passed_on(model_url), []

    def faulty(request: dict[str, Any]) -> Told:
        with lock:
            number = next(asked)
        if number == 2:
            return 429, {"error": {"message": "slow down"}, "retry_after": 0}
        answer = real(request)
        if number == 4:
            # The model has worked, and nobody hears of it.
            lost.append(answer)
            return CUT
        return answer

    with language_server(faulty) as server:
        ours = shop(server.url, concurrency=2)
        ours.buy(TEXTS)
    bound = Answer.objects.filter(outcome=Outcome.LOST).aggregate(Sum("most_input_tokens"))["most_input_tokens__sum"]
    assert len(lost) == 1
    assert len(dict(samples_of(purchase=ours.purchase(), rows=[(text, {"text": text}) for text in TEXTS]))) == len(
        TEXTS
    )
    paid = sum(ours.tokens_paid(kind) for kind in (CostKind.INPUT_TOKENS, CostKind.CACHED_TOKENS))
    assert paid == server.total("prompt_tokens") + bound
    # One letter for each, and the limit for the one that was lost.
    assert ours.tokens_paid(CostKind.OUTPUT_TOKENS) == server.total("completion_tokens") + 1 == len(TEXTS) + 1
    assert ours.is_settled


def test_a_schema_keeps_its_answers_to_the_labels(shop: MakeShop, model_url: str) -> None:
    ours = shop(model_url, abilities=STRUCTURED)
    ours.buy(TEXTS[:2])
    assert ours.outcomes() == {Outcome.ANSWERED: 2}
    found = [sorted(answer.scores or ()) for answer in Answer.objects.all()]
    assert found == [pytest.approx([0.1, 0.9])] * 2


def test_a_schema_keeps_its_answers_to_entities(shop: MakeShop, model_url: str) -> None:
    # It may repeat itself up to its limit, which takes a small machine a while.
    ours = shop(model_url, abilities=STRUCTURED, timeout_seconds=300)
    ours.buy(TEXTS[:1], form=AnswerForm.ENTITIES, labels=("mood", "event"))
    # Whether the words are in the text is up to the model; their form is not.
    assert ours.outcomes().keys() <= {Outcome.ANSWERED, Outcome.NOT_IN_TEXT, Outcome.MISPLACED, Outcome.CUT}
    assert all(json.loads(one.content)["entities"] is not None for one in Answer.objects.exclude(outcome=Outcome.CUT))
    assert all(json.loads(one.value) is not None for one in Answer.objects.filter(outcome=Outcome.ANSWERED))
    assert ours.is_settled


def test_its_texts_come_with_the_probability_of_their_tokens(shop: MakeShop, model_url: str) -> None:
    ours = shop(model_url)
    written = usual_text(("text",), has_labels=False)
    ours.buy(TEXTS[:3], form=AnswerForm.TEXT, labels=(), text=written, instructions="Say it in other words.")
    assert ours.outcomes().keys() <= {Outcome.ANSWERED, Outcome.CUT} and Outcome.ANSWERED in ours.outcomes()
    for answer in Answer.objects.filter(outcome=Outcome.ANSWERED):
        assert answer.scores is not None
        (text,), (probability,) = json.loads(answer.value), answer.scores
        assert text == answer.content.strip() and 0 < probability <= 1
        assert answer.output_tokens <= 64
    assert ours.is_settled
