"""A connection with prices, a prompt, and a way to buy answers from a server that a test scripts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pytest import MonkeyPatch

from accounts.models import Role
from budgets.cost_kinds import TOKEN_KINDS, CostKind
from budgets.models import Budget, PriceBook
from budgets.prices import Scope, set_price
from budgets.queries import differences
from connections import sending
from connections.buying import Purchase, buy_answers
from connections.models import Answer, Connection, Outputs
from connections.operations import add_connection, run_self_test
from connections.prompts import BALANCED, LabelPrompt, PromptSettings, PromptSource, make_prompt, usual_text
from studies.models import Split, Study
from tests import factories
from tests.language_server import Served, chosen_by, language_server

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PRICES = {CostKind.INPUT_TOKENS: "0.5", CostKind.CACHED_TOKENS: "0.05", CostKind.OUTPUT_TOKENS: "2"}
SCORED = {"answers": True, "limit": "max_tokens", "alternatives": 20, "structured": True, "usage": True}
STRUCTURED = {**SCORED, "alternatives": 0}


def prompt(*, abilities: dict[str, Any] = SCORED, samples: int = 1, **source: Any) -> LabelPrompt:
    fields = {"fields": ("text",), "text": usual_text(("text",))}
    told = {"labels": ("good", "bad"), "meanings": {}, "instructions": "", "is_exclusive": True, **fields, **source}
    chosen = PromptSettings(
        shots=8, shots_by=BALANCED, confidence=0.9, samples=samples, temperature=1.0, answer_length=64
    )
    return make_prompt(source=PromptSource(**told), abilities=abilities, settings=chosen)


@dataclass(frozen=True)
class Shop:
    """One connection, who pays, and what was bought."""

    connection: Connection
    budget: Budget

    def buy(
        self,
        texts: Sequence[str],
        *,
        work_key: str = "run:1",
        should_continue: Callable[[], bool] = bool,
        **of_prompt: Any,
    ) -> None:
        asked = self.purchase(work_key=work_key, **of_prompt)
        go_on = (lambda: True) if should_continue is bool else should_continue
        buy_answers(purchase=asked, rows=[{"text": text} for text in texts], should_continue=go_on)

    def purchase(self, *, work_key: str = "run:1", **of_prompt: Any) -> Purchase:
        self.connection.refresh_from_db()
        asked = prompt(abilities=self.connection.abilities, **of_prompt)
        return Purchase(connection=self.connection, prompt=asked, budget=self.budget, path="distil", work_key=work_key)

    @property
    def spent(self) -> Decimal:
        return Budget.objects.get(pk=self.budget.pk).spent

    def tokens_paid(self, kind: CostKind) -> Decimal:
        return sum((entry.quantity for entry in self.budget.entries.filter(kind=kind)), Decimal(0)) * 1000

    def outcomes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for outcome in Answer.objects.values_list("outcome", flat=True):
            found[outcome] = found.get(outcome, 0) + 1
        return found

    @property
    def is_settled(self) -> bool:
        """No hold is open, and the budget's sums are those of its entries."""
        budget = Budget.objects.get(pk=self.budget.pk)
        return budget.held == 0 and not differences(budget)


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(sending, "LEAST_WAIT_SECONDS", 0.0005)
    monkeypatch.setattr(sending, "MOST_WAIT_SECONDS", 0.2)


@pytest.fixture
def shop(db: None) -> Callable[..., Shop]:
    return make_shop


def price_tokens(book: PriceBook, connection: Connection) -> None:
    """Set today's prices of a connection's tokens."""
    for kind in TOKEN_KINDS:
        scope, admin = Scope(device=connection.name), factories.person(Role.ADMIN)
        set_price(actor=admin, book=book, kind=kind, amount=PRICES[kind], starts_at=LONG_AGO, scope=scope)


def make_shop(url: str, *, limit: str = "100", abilities: dict[str, Any] = SCORED, **options: Any) -> Shop:
    admin = factories.person(Role.ADMIN)
    connection = add_connection(
        actor=admin, name="small", url=url, model="small-model", outputs=Outputs.MAY_TRAIN, **options
    )
    Connection.objects.filter(pk=connection.pk).update(abilities=abilities)
    connection.refresh_from_db()
    budget = factories.budget(limit=limit)
    price_tokens(budget.price_book, connection)
    return Shop(connection=connection, budget=budget)


@pytest.fixture
def server(db: None) -> Iterator[Served]:
    with language_server(chosen_by("great")) as served:
        yield served


@pytest.fixture
def connection(server: Served) -> Connection:
    made = factories.connection(url=server.url, outputs=Outputs.MAY_TRAIN)
    run_self_test(actor=made.created_by, connection=made)
    server.requests.clear()
    server.charged.clear()
    made.refresh_from_db()
    return made


@pytest.fixture
def study(connection: Connection) -> Study:
    made = factories.study(instructions="Is the mood good or bad?")
    texts = [f"a {mood} thing {number}" for number in range(5) for mood in ("great", "awful")]
    labels = ["good", "bad"] * 5
    factories.examples(made, texts, labels=labels)
    factories.examples(made, [f"{text} in the sun" for text in texts], split=Split.TEST, labels=labels)
    factories.examples(made, [f"{text} and the moon" for text in texts])
    price_tokens(made.budget.price_book, connection)
    return made
