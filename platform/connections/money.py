"""Money by the token: the hold of a batch's worst case, and its settlement at what was used.

Why no cent is lost or paid twice:

- A request leaves only after its row says so, under a hold that covers its bound and that was committed before.
- An answer and its usage are one row, written in one statement when they come, once: only while the row is pending.
- A batch is settled once, under its row's lock, in one transaction with its entries; these are sums over its rows,
  under source keys that the ledger takes once. A request that was sent and of which no answer was written is paid at
  its bound: the server may have worked on it. What was never sent is not paid and leaves no row.
- What is billed is never above the bound, so that a hold always has it; a server that reports more is stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from budgets.cost_kinds import TOKEN_KINDS, CostKind
from budgets.ledger import Cost, HoldRequest, place_holds, release, settle
from budgets.models import Budget, Hold, Origin, Price
from budgets.money import ZERO
from budgets.prices import Scope, find_price, price_at
from connections.models import Answer, Connection, Outcome, TokenBatch, in_thousands


@dataclass(frozen=True, kw_only=True)
class TokenPrices:
    """Prices of 1,000 tokens of a connection by class; without one for cached input, it is paid as other input."""

    by_kind: Mapping[CostKind, Price]

    def cost(self, tokens: Mapping[CostKind, int]) -> Decimal:
        return sum((price.cost(in_thousands(tokens.get(kind, 0))) for kind, price in self.by_kind.items()), ZERO)

    def worst(self, *, num_input: int, num_output: int) -> Decimal:
        """What is held for these bounds: all of the input in each class that it may be billed in."""
        bounds = {kind: num_output if kind == CostKind.OUTPUT_TOKENS else num_input for kind in self.by_kind}
        return self.cost(bounds)


def token_prices(*, budget: Budget, connection: Connection, at: datetime | None = None) -> TokenPrices:
    """Today's prices of a connection's tokens: its own, else those of any model. Raises: PriceMissing."""
    at = at or timezone.now()
    found = {}
    for kind in TOKEN_KINDS:
        own = Scope(device=connection.name, budget=budget)
        for scope in (own, Scope(budget=budget)):
            price = find_price(book=budget.price_book, kind=kind, at=at, scope=scope)
            if price is not None:
                found[kind] = price
                break
        else:
            if kind != CostKind.CACHED_TOKENS:
                price_at(book=budget.price_book, kind=kind, at=at, scope=own)
    return TokenPrices(by_kind=found)


@transaction.atomic
def open_batch(
    *, connection: Connection, budget: Budget, path: str, work_key: str, requests: Sequence[Answer]
) -> TokenBatch | None:
    """Hold the worst case of requests that are about to be sent, and write them down.

    One that another batch has pending, or has an answer to, is left out; None where all are. Parameters: `requests` are
    not saved yet.
    Raises: PriceMissing; BudgetExceeded, CapExceeded, BudgetStopped, and then nothing was written.
    """
    prices = token_prices(budget=budget, connection=connection).by_kind
    batch = TokenBatch.objects.create(
        connection=connection,
        budget=budget,
        path=path,
        work_key=work_key,
        input_price=prices[CostKind.INPUT_TOKENS],
        cached_price=prices.get(CostKind.CACHED_TOKENS),
        output_price=prices[CostKind.OUTPUT_TOKENS],
    )
    for one in requests:
        one.batch = batch
    # In one order, so that two batches that want the same do not wait for each other.
    Answer.objects.bulk_create(sorted(requests, key=lambda one: one.key), ignore_conflicts=True)
    if not batch.answers.exists():
        transaction.set_rollback(True)
        return None
    bounds = batch.answers.aggregate(num_input=Sum("most_input_tokens"), num_output=Sum("most_output_tokens"))
    most = {kind: bounds["num_output" if kind == CostKind.OUTPUT_TOKENS else "num_input"] or 0 for kind in prices}
    wanted = [
        HoldRequest(
            source_key=batch.entry_key(kind), amount=price.cost(in_thousands(most[kind])), price=price, path=path
        )
        for kind, price in prices.items()
    ]
    place_holds(budget=budget, requests=wanted)
    return batch


@transaction.atomic
def mark_sent(*, answer: Answer) -> bool:
    """Write down that a request is about to be sent; False where the connection's limits are reached for now.

    The limits hold over all workers, by the connection's lock. Raises: BatchSettled.
    """
    batch = TokenBatch.objects.select_for_update(no_key=True).get(pk=answer.batch_id)
    if batch.settled_at is not None:
        raise BatchSettled(f"{batch} was settled by another worker")
    connection = Connection.objects.select_for_update(no_key=True).get(pk=batch.connection_id)
    sent = Answer.objects.filter(batch__connection=connection, sent_at__isnull=False)
    if sent.filter(outcome=Outcome.PENDING).count() >= connection.concurrency:
        return False
    now = timezone.now()
    per_minute = connection.requests_per_minute
    if per_minute and sent.filter(sent_at__gt=now - timedelta(minutes=1)).count() >= per_minute:
        return False
    return bool(Answer.objects.filter(pk=answer.pk, sent_at__isnull=True).update(sent_at=now))


class BatchSettled(Exception):
    """Another worker took the run over and settled the batch; nothing more is sent of it."""


def settle_batch(*, batch_id: int) -> None:
    """Pay a batch, once: what was answered at its usage, what was sent without an answer at its bound."""
    with transaction.atomic():
        batch = TokenBatch.objects.select_for_update(no_key=True, of=("self",)).get(pk=batch_id)
        if batch.settled_at is not None:
            return
        now = timezone.now()
        pending = batch.answers.filter(outcome=Outcome.PENDING)
        pending.filter(sent_at__isnull=True).delete()
        pending.update(**bound_billed(), outcome=Outcome.LOST, ended_at=now, detail="no answer was written down")
        _enter(batch, now)
        batch.settled_at = now
        batch.save(update_fields=["settled_at"])


def bound_billed() -> dict[str, object]:
    """The columns of a request that is billed at its bound."""
    return {
        "input_tokens": F("most_input_tokens"),
        "cached_tokens": 0,
        "output_tokens": F("most_output_tokens"),
        "is_bound": True,
    }


def _enter(batch: TokenBatch, now: datetime) -> None:
    holds = {hold.source_key: hold for hold in Hold.objects.filter(budget=batch.budget_id, source_key__in=_keys(batch))}
    for kind, price in batch.prices.items():
        hold, tokens, note = holds[batch.entry_key(kind)], *_used(batch, kind)
        if not tokens:
            release(hold=hold, reason="nothing of it was used")
            continue
        quantity = in_thousands(tokens)
        cost = Cost(
            source_key=batch.entry_key(kind),
            subject_key=batch.source_key,
            work_key=batch.work_key,
            quantity=quantity,
            amount=price.cost(quantity),
            origin=Origin.COMPUTE,
            occurred_at=now,
            memo=f"{tokens:,} tokens of {batch.connection}{note}",
        )
        settle(hold=hold, cost=cost)


def _keys(batch: TokenBatch) -> list[str]:
    return [batch.entry_key(kind) for kind in batch.prices]


def _used(batch: TokenBatch, kind: CostKind) -> tuple[int, str]:
    """The tokens of a class that a batch used, and what to say of those that no server reported."""
    column = kind.value
    sums = batch.answers.aggregate(total=Sum(column), bound=Sum(column, filter=Q(is_bound=True)))
    bound = sums["bound"] or 0
    return sums["total"] or 0, f"; {bound:,} by our bound, none reported" if bound else ""
