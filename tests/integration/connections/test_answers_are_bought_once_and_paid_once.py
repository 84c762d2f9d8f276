import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from budgets.cost_kinds import CostKind
from connections.buying import PurchaseInterrupted, PurchasePaused, samples_of
from connections.models import Answer, AnswerUse, Outcome
from tests.integration.connections.conftest import Shop
from tests.language_server import CUT, Told, chosen_by, completion, language_server, usage

TEXTS = ["a fine day", "a bad day", "so fine", "so bad", "fine again"]
MakeShop = Callable[..., Shop]


def test_each_text_is_asked_once_and_paid_at_its_usage(shop: MakeShop) -> None:
    with language_server(chosen_by("fine")) as server:
        ours = shop(server.url)
        ours.buy([*TEXTS, TEXTS[0]])
        ours.buy(TEXTS)
    assert sorted(server.texts) == sorted(TEXTS)
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == server.total("prompt_tokens") == 150
    assert ours.tokens_paid(CostKind.OUTPUT_TOKENS) == server.total("completion_tokens") == 5
    assert str(ours.spent) == "0.085000"
    assert ours.is_settled


def test_probabilities_are_those_of_the_letters(shop: MakeShop) -> None:
    with language_server(chosen_by("fine")) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:1])
    (uid, (sample,)), *rest = samples_of(purchase=ours.purchase(), rows=[("7", {"text": TEXTS[0]})])
    assert (uid, rest) == ("7", [])
    assert sample.scores == pytest.approx([0.9168, 0.0832], abs=1e-4)
    assert Answer.objects.get().label_mass == pytest.approx(0.9869, abs=1e-4)


def test_cached_tokens_have_their_own_price(shop: MakeShop) -> None:
    used = usage(given=100, cached=60)
    with language_server(lambda request: completion("A", letters={"A": -0.1}, used=used)) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:1])
    kinds = [CostKind.INPUT_TOKENS, CostKind.CACHED_TOKENS, CostKind.OUTPUT_TOKENS]
    assert [ours.tokens_paid(kind) for kind in kinds] == [40, 60, 1]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (completion("", letters={"A": -0.1}, refusal="I would rather not"), Outcome.REFUSED),
        (completion("A", letters={"A": -0.1}, finish="content_filter"), Outcome.REFUSED),
        (completion("The", letters={"The": -0.01, "A": -6.0}), Outcome.OFF_LABEL),
        (completion("A"), Outcome.INVALID),
    ],
)
def test_what_is_no_answer_is_paid_counted_and_no_label(shop: MakeShop, told: Told, outcome: Outcome) -> None:
    with language_server(lambda request: told) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:2])
        ours.buy(TEXTS[:2])
    assert ours.outcomes() == {outcome: 2}
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == 60
    assert list(samples_of(purchase=ours.purchase(), rows=[("1", {"text": TEXTS[0]})])) == []


def test_a_cut_connection_is_paid_at_the_bound_and_asked_again(shop: MakeShop) -> None:
    calls: list[int] = []

    def answer(request: dict[str, Any]) -> Told:
        calls.append(1)
        return CUT if len(calls) == 1 else chosen_by("fine")(request)

    with language_server(answer) as server:
        ours = shop(server.url, concurrency=1)
        ours.buy(TEXTS[:1])
    lost = Answer.objects.get(outcome=Outcome.LOST)
    assert lost.is_bound and lost.input_tokens == lost.most_input_tokens > 100
    assert ours.outcomes() == {Outcome.LOST: 1, Outcome.ANSWERED: 1}
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == lost.input_tokens + 30
    assert "by our bound" in ours.budget.entries.filter(kind=CostKind.INPUT_TOKENS).earliest("pk").memo
    assert ours.is_settled


def test_a_busy_server_is_waited_for_within_the_hold(shop: MakeShop) -> None:
    calls: list[int] = []

    def answer(request: dict[str, Any]) -> Told:
        calls.append(1)
        return (429, {"error": {"message": "slow down"}}) if len(calls) < 4 else chosen_by("fine")(request)

    with language_server(answer) as server:
        ours = shop(server.url, concurrency=1)
        ours.buy(TEXTS[:1])
    assert len(calls) == 4
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == 30


@pytest.mark.parametrize(
    ("status", "words"), [(429, "slow down"), (401, "Incorrect key"), (404, "no such model"), (503, "down")]
)
def test_a_server_that_answers_nobody_pauses_and_costs_nothing(shop: MakeShop, status: int, words: str) -> None:
    with language_server(lambda request: (status, {"error": {"message": words}})) as server:
        ours = shop(server.url)
        with pytest.raises(PurchasePaused, match=words):
            ours.buy(TEXTS)
    assert ours.spent == 0
    assert ours.is_settled
    assert len({text for text in server.texts}) <= ours.connection.concurrency


def test_a_key_is_sent_and_never_told(shop: MakeShop) -> None:
    def answer(request: dict[str, Any]) -> Told:
        return 401, {"error": {"message": "Incorrect key sk-very-secret"}}

    with language_server(answer) as server:
        ours = shop(server.url, key="sk-very-secret")
        with pytest.raises(PurchasePaused) as paused:
            ours.buy(TEXTS[:1])
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret"
    assert "sk-very" not in ours.connection.encrypted_key + str(paused.value) + str(Answer.objects.values_list())


def test_a_text_that_the_server_rejects_is_left_out_and_costs_nothing(shop: MakeShop) -> None:
    def answer(request: dict[str, Any]) -> Told:
        is_long = request["messages"][-1]["content"] == TEXTS[1]
        return (400, {"error": {"message": "context too long"}}) if is_long else chosen_by("fine")(request)

    with language_server(answer) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:2])
    assert ours.outcomes() == {Outcome.ANSWERED: 1, Outcome.REJECTED: 1}
    assert Answer.objects.get(outcome=Outcome.REJECTED).detail == "it answered 400: context too long"
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == 30


@pytest.mark.parametrize("used", [{}, usage(given=-3), {"prompt_tokens": "many", "completion_tokens": 1}])
def test_without_usage_that_can_be_billed_the_bound_is_paid_and_marked(shop: MakeShop, used: dict[str, Any]) -> None:
    with language_server(lambda request: completion("A", letters={"A": -0.1}, used=used)) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:1])
    answer = Answer.objects.get()
    assert (answer.outcome, answer.is_bound) == (Outcome.ANSWERED, True)
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == answer.most_input_tokens


def test_a_server_that_reports_more_than_can_be_is_paid_the_bound_and_stopped(shop: MakeShop) -> None:
    with language_server(lambda request: completion("A", letters={"A": -0.1}, used=usage(given=10**9))) as server:
        ours = shop(server.url, concurrency=1)
        with pytest.raises(PurchasePaused, match="more than the request can have"):
            ours.buy(TEXTS)
    assert len(server.requests) == 1
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == Answer.objects.get().most_input_tokens
    assert ours.is_settled


def test_a_budget_that_ends_stops_after_what_it_could_hold(shop: MakeShop) -> None:
    with language_server(chosen_by("fine")) as server:
        ours = shop(server.url, limit="0.30", concurrency=1)
        with pytest.raises(PurchasePaused, match="not even one more answer"):
            ours.buy([f"text {number}" for number in range(40)])
    assert 0 < len(server.requests) < 40
    assert ours.spent <= ours.budget.limit
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == server.total("prompt_tokens")
    assert ours.is_settled


def test_a_stop_waits_for_what_is_in_flight_and_pays_it(shop: MakeShop) -> None:
    with language_server(chosen_by("fine")) as server:
        ours = shop(server.url, concurrency=1)
        with pytest.raises(PurchaseInterrupted):
            ours.buy(TEXTS, should_continue=lambda: len(server.requests) < 2)
        assert 2 <= len(server.requests) < 5
        assert ours.tokens_paid(CostKind.INPUT_TOKENS) == server.total("prompt_tokens")
        ours.buy(TEXTS)
    assert sorted(server.texts) == sorted(TEXTS)
    assert ours.is_settled


def test_a_server_that_cuts_every_connection_is_asked_no_more(shop: MakeShop) -> None:
    with language_server(lambda request: CUT) as server:
        ours = shop(server.url, concurrency=1)
        with pytest.raises(PurchasePaused, match="8 times in a row"):
            ours.buy([f"text {number}" for number in range(20)])
    assert len(server.requests) == Answer.objects.filter(outcome=Outcome.LOST, is_bound=True).count() == 8
    assert ours.is_settled


def test_the_limits_of_a_connection_hold(shop: MakeShop) -> None:
    flying, most, lock = [0], [0], threading.Lock()

    def answer(request: dict[str, Any]) -> Told:
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        time.sleep(0.05)
        with lock:
            flying[0] -= 1
        return chosen_by("fine")(request)

    with language_server(answer) as server:
        ours = shop(server.url, concurrency=3, requests_per_minute=7)
        with pytest.raises(PurchaseInterrupted):
            until = time.monotonic() + 1.5
            ours.buy([f"text {number}" for number in range(20)], should_continue=lambda: time.monotonic() < until)
    assert most[0] <= 3
    assert len(server.requests) <= 7


def test_a_second_run_uses_what_a_first_one_bought(shop: MakeShop) -> None:
    with language_server(chosen_by("fine")) as server:
        ours = shop(server.url)
        ours.buy(TEXTS[:3])
        ours.buy(TEXTS, work_key="run:2")
    assert sorted(server.texts) == sorted(TEXTS)
    first = Answer.objects.earliest("pk").batch
    assert list(AnswerUse.objects.values_list("batch", "work_key")) == [(first.pk, "run:2")]
