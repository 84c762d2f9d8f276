"""Buying answers: each text is asked once, in batches that are held for, and what came stays whatever dies."""

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from django.utils import timezone

from budgets.ledger import BudgetExceeded, BudgetStopped
from budgets.models import Budget
from budgets.prices import PriceMissing
from connections.client import ConnectionUnusable, Reply, ReplyLost, RequestRejected, ServerBusy
from connections.keys import KeyUnreadable
from connections.models import Answer, AnswerUse, Connection, Outcome, TokenBatch
from connections.money import bound_billed, mark_sent, open_batch, settle_batch
from connections.prompts import LabelPrompt
from connections.reading import read_answer
from connections.sending import RequestResult, RequestSender, request_sender

logger = logging.getLogger(__name__)

# So many requests share a hold: enough that rounding to a millionth is nothing, few enough that the hold is small.
REQUESTS_PER_BATCH = 64
SECONDS_BETWEEN_LOOKS = 0.1
# Requests for one text whose answers did not come, each paid at its bound, before it is left out.
MOST_LOST_PER_TEXT = 2
# One after the other: the server is then asked no more before a person has looked.
MOST_LOST_IN_A_ROW = 8
_LONGEST_CONTENT, _LONGEST_DETAIL = 2000, 300
Fields = Mapping[str, str]


class PurchaseInterrupted(Exception):
    """The run is to stop: what is in flight was waited for and paid, and nothing more is asked."""


class PurchasePaused(Exception):
    """The connection or the budget stands in the way; the message says what a person must do."""


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """Who asks what of whom, and who pays: all that decides an answer beside the text."""

    connection: Connection
    prompt: LabelPrompt
    budget: Budget
    path: str
    work_key: str

    def keys(self, fields: Fields) -> list[str]:
        """Hashes of all that decides the answers to a text and of who pays, one for each sample.

        A budget's students then have all their costs in it.
        """
        of = (self.budget.pk, self.connection.url, self.connection.model, self.prompt.version)
        whole = [*of, sorted(fields.items())]
        # The first has no number, so that answers from before samples are found.
        numbers = [[], *([number] for number in range(1, self.prompt.samples))]
        return [hashlib.sha256(json.dumps([*whole, *number]).encode()).hexdigest() for number in numbers]


class _Question(NamedTuple):
    """One request: the fields of a text, and which of its samples is asked for."""

    fields: Fields
    sample: int


@dataclass
class _Trouble:
    """Why nothing more is asked; empty while all is well."""

    reason: str = ""
    num_lost: int = 0

    def add(self, reason: str) -> None:
        self.reason = self.reason or reason


def buy_answers(
    *,
    purchase: Purchase,
    rows: Iterable[Fields],
    should_continue: Callable[[], bool],
    on_done: Callable[[int, int], None] = lambda num_done, num_answers: None,
) -> None:
    """Ask for each text that has no answer yet. Killed and started again, it pays for nothing that it has.

    Parameters: `on_done` is told after each batch of how many answers of how many nothing more is asked.
    Raises: PurchaseInterrupted; PurchasePaused.
    """
    for batch in TokenBatch.objects.filter(work_key=purchase.work_key, settled_at__isnull=True):
        settle_batch(batch_id=batch.pk)
    questions = {key: _Question(fields, sample) for fields in rows for sample, key in enumerate(purchase.keys(fields))}
    try:
        with request_sender(purchase.connection) as sender:
            buyer = _Buyer(
                purchase=purchase, sender=sender, questions=questions, should_continue=should_continue, on_done=on_done
            )
            buyer.buy()
    except (KeyUnreadable, PriceMissing) as refusal:
        raise PurchasePaused(str(refusal)) from refusal
    _note_uses(purchase, questions)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One usable answer to a text, as it is kept with its request."""

    scores: Sequence[float] | None
    value: str


def samples_of(*, purchase: Purchase, rows: Iterable[tuple[str, Fields]]) -> Iterator[tuple[str, list[Sample]]]:
    """Yield the id and the usable answers of each row that has one; rows are pairs of id and texts."""
    remaining = iter(rows)
    while some := list(islice(remaining, 1000)):
        keys = {uid: purchase.keys(fields) for uid, fields in some}
        found = Answer.objects.filter(key__in=chain(*keys.values()), outcome=Outcome.ANSWERED)
        by_key = {one.key: Sample(scores=one.scores, value=one.value) for one in found.only("key", "scores", "value")}
        for uid, wanted in keys.items():
            if samples := [by_key[key] for key in wanted if key in by_key]:
                yield uid, samples


@dataclass
class _Buyer:
    purchase: Purchase
    sender: RequestSender
    questions: Mapping[str, _Question]
    should_continue: Callable[[], bool]
    on_done: Callable[[int, int], None]
    size: int = REQUESTS_PER_BATCH
    trouble: _Trouble = field(default_factory=_Trouble)

    def buy(self) -> None:
        done = _settled_keys(self.questions)
        left = [key for key in self.questions if key not in done]
        while left:
            self._check()
            num_before = len(left)
            self.on_done(len(self.questions) - num_before, len(self.questions))
            some = left[: self.size]
            batch = self._open(some)
            if batch is not None:
                self._carry_out(batch)
                done = _settled_keys(some)
                left = [key for key in left if key not in done]
                self._check()
            if len(left) == num_before:
                # Others have them in flight, or the hold had to be halved.
                time.sleep(SECONDS_BETWEEN_LOOKS)

    def _check(self) -> None:
        if not self.should_continue():
            raise PurchaseInterrupted
        if self.trouble.reason:
            raise PurchasePaused(f"{self.purchase.connection}: {self.trouble.reason}")

    def _open(self, keys: Sequence[str]) -> TokenBatch | None:
        """Open a batch; None where it did not fit the budget, and a smaller one is tried next."""
        prompt = self.purchase.prompt
        requests = [
            Answer(
                key=key,
                most_input_tokens=prompt.most_input_tokens(self.questions[key].fields),
                most_output_tokens=prompt.output_limit(self.questions[key].fields),
            )
            for key in keys
        ]
        paid_by = {name: getattr(self.purchase, name) for name in ("connection", "budget", "path", "work_key")}
        try:
            return open_batch(**paid_by, requests=requests)
        except BudgetStopped:
            # Whoever supervises the run is about to say so.
            return None
        except BudgetExceeded as refusal:
            if self.size == 1:
                raise PurchasePaused(f"not even one more answer can be held for. {refusal}") from refusal
            self.size = max(self.size // 2, 1)
            return None

    def _carry_out(self, batch: TokenBatch) -> None:
        waiting = list(batch.answers.select_related("batch").order_by("-pk"))
        answers = {one.pk: one for one in waiting}
        try:
            self._send_all(waiting, answers)
        except Exception:
            # What arrives meanwhile is kept; what cannot be written is settled at its bound by who goes on.
            self.sender.leave()
            self._write_until_none_flies(answers)
            raise
        settle_batch(batch_id=batch.pk)

    def _send_all(self, waiting: list[Answer], answers: Mapping[int, Answer]) -> None:
        while waiting or self.sender.num_flying:
            if self.trouble.reason or not self.should_continue():
                waiting.clear()
                self.sender.leave()
            while waiting and self.sender.num_flying < self.purchase.connection.concurrency:
                if not mark_sent(answer=waiting[-1]):
                    break
                one = waiting.pop()
                fields, sample = self.questions[one.key]
                self.sender.send(place=one.pk, request=self.purchase.prompt.request(fields, sample=sample))
            self._write_arrived(answers)

    def _write_until_none_flies(self, answers: Mapping[int, Answer]) -> None:
        while self.sender.num_flying:
            self._write_arrived(answers)

    def _write_arrived(self, answers: Mapping[int, Answer]) -> None:
        for arrived in self.sender.arrived(seconds=SECONDS_BETWEEN_LOOKS):
            self._write(answers[arrived.place], arrived)

    def _write(self, answer: Answer, asked: RequestResult) -> None:
        """Write down what came of a request, once: not where another worker has taken the batch over."""
        columns = self._answered(answer, asked.reply) if asked.reply else self._failed(asked)
        pending = Answer.objects.filter(pk=answer.pk, outcome=Outcome.PENDING, batch__settled_at__isnull=True)
        pending.update(ended_at=timezone.now(), **columns)

    def _answered(self, answer: Answer, reply: Reply) -> dict[str, object]:
        self.trouble.num_lost = 0
        row = self.questions[answer.key].fields
        reading = read_answer(prompt=self.purchase.prompt, reply=reply, row=row)
        billed, remark = self._billed(answer, reply)
        return {
            "outcome": reading.outcome,
            "scores": None if reading.scores is None else list(reading.scores),
            "label_mass": reading.mass,
            "value": reading.value,
            "content": _storable(reply.refusal or reply.content)[:_LONGEST_CONTENT],
            "detail": _storable("; ".join(filter(None, (remark, reading.detail))))[:_LONGEST_DETAIL],
            **billed,
        }

    def _billed(self, answer: Answer, reply: Reply) -> tuple[dict[str, object], str]:
        """The usage that is billed: what the server reports, never above the bound; without a report, the bound.

        Returns: it, and what is wrong with the report, if anything.
        """
        usage = reply.usage
        if usage is None:
            return bound_billed(), ""
        num_input = min(usage.input_tokens, answer.most_input_tokens)
        num_output = min(usage.output_tokens, answer.most_output_tokens)
        more = usage.input_tokens + usage.output_tokens - num_input - num_output
        remark = f"the server reports {more:,} tokens more than the request can have" if more else ""
        if more:
            self.trouble.add(f"{remark}; what it can have is billed. Ask the provider, then resume the run")
        has_own_price = answer.batch.cached_price_id is not None
        num_cached = min(usage.cached_tokens, num_input) if has_own_price else 0
        billed: dict[str, object] = {
            "input_tokens": num_input - num_cached,
            "cached_tokens": num_cached,
            "output_tokens": num_output,
        }
        return billed, remark

    def _failed(self, asked: RequestResult) -> dict[str, object]:
        failure = asked.failure
        detail = {"detail": _storable(str(failure))[:_LONGEST_DETAIL]}
        if isinstance(failure, RequestRejected):
            return {"outcome": Outcome.REJECTED, **detail}
        if isinstance(failure, ReplyLost):
            self.trouble.num_lost += 1
            if self.trouble.num_lost >= MOST_LOST_IN_A_ROW:
                self.trouble.add(f"{failure}, {self.trouble.num_lost} times in a row; each is paid at its bound")
            return {"outcome": Outcome.LOST, **bound_billed(), **detail}
        if isinstance(failure, ServerBusy | ConnectionUnusable):
            self.trouble.add(f"{failure}. Nothing was paid for it. Put it right, then resume")
        return {"outcome": Outcome.FAILED, **detail}


def _settled_keys(keys: Iterable[str]) -> set[str]:
    """Of these keys, those that are not asked again: answered in whatever way, or lost too often."""
    found: set[str] = set()
    remaining = iter(keys)
    while some := list(islice(remaining, 1000)):
        ended = Answer.objects.filter(key__in=some).exclude(outcome=Outcome.PENDING)
        outcomes = list(ended.values_list("key", "outcome"))
        lost = Counter(key for key, outcome in outcomes if outcome == Outcome.LOST)
        found |= {key for key, outcome in outcomes if outcome not in Outcome.asked_again()}
        found |= {key for key, num in lost.items() if num >= MOST_LOST_PER_TEXT}
    return found


def _note_uses(purchase: Purchase, keys: Iterable[str]) -> None:
    """Write down whose batches a run used besides its own, for its bill."""
    remaining = iter(keys)
    while some := list(islice(remaining, 1000)):
        found = Answer.objects.filter(key__in=some).exclude(outcome__in=[Outcome.PENDING, *Outcome.asked_again()])
        others = found.exclude(batch__work_key=purchase.work_key).values_list("batch", flat=True).distinct()
        uses = [AnswerUse(batch_id=pk, work_key=purchase.work_key) for pk in others]
        AnswerUse.objects.bulk_create(uses, ignore_conflicts=True)


def _storable(text: str) -> str:
    """A text as the database can keep it."""
    return text.replace("\0", "").encode(errors="replace").decode()
