"""The answers of a run whose teacher is a language model: bought before its trainer starts, and handed to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from connections.buying import Fields, Purchase, buy_answers, scores_of
from connections.money import BatchSettled
from runs.execution.leases import LeaseLost
from runs.models import Run
from runs.requests import connection_of, is_language_model, prompt_of
from studies.models import Example, Snapshot

ROWS_AT_A_TIME = 5000


class NothingAnswered(Exception):
    """A language model gave no usable answer to any of the texts; the message says where to look."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How whoever supervises a run follows its asking: it may stop it, and is told how many of how many are done."""

    should_continue: Callable[[], bool]
    on_done: Callable[[int, int], None]


def buy_for(*, run: Run, watch: Watch) -> None:
    """Buy the answers that a run needs and that are not there; nothing for a run that asks no language model.

    Raises: PurchaseInterrupted; PurchasePaused; NothingAnswered; LeaseLost.
    """
    if not is_language_model(run.model):
        return
    purchase = _purchase(run)
    rows = (fields for _, fields in _rows(run, run.unlabelled, run.dev))
    try:
        buy_answers(purchase=purchase, rows=rows, should_continue=watch.should_continue, on_done=watch.on_done)
    except BatchSettled as settled:
        raise LeaseLost(f"run {run.pk}: {settled}") from settled
    if next(scores_of(purchase=purchase, rows=_rows(run, run.unlabelled)), None) is None:
        raise NothingAnswered(
            f"The language model {purchase.connection} gave no usable answer to any of {run.num_unlabelled:,} texts, "
            "so that nothing can be learned from it. What came of each request is counted below; change the study's "
            "instructions, the labels' descriptions or the model."
        )


def answers_of(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the id and the probabilities of each example of a run that has an answer."""
    for uid, scores in scores_of(purchase=_purchase(run), rows=_rows(run, run.unlabelled, run.dev)):
        yield {"uid": uid, "scores": scores}


def _purchase(run: Run) -> Purchase:
    assert run.model is not None
    return Purchase(
        connection=connection_of(run.model),
        prompt=prompt_of(run.model),
        budget=run.study.budget,
        path=run.path,
        work_key=run.source_key,
    )


def _rows(run: Run, *snapshots: Snapshot | None) -> Iterator[tuple[str, Fields]]:
    """Examples that are asked for: the unlabelled ones, and dev, on which the answers are calibrated."""
    names = run.study.definition.input_fields
    found = chain.from_iterable(_examples(snapshot) for snapshot in snapshots if snapshot is not None)
    return ((str(one.uid), {name: one.fields[name] for name in names}) for one in found)


def _examples(snapshot: Snapshot) -> Iterator[Example]:
    for item in snapshot.items.order_by("pk").select_related("example").iterator(chunk_size=ROWS_AT_A_TIME):
        yield item.example
    for start in range(0, len(snapshot.unlabelled_ids), ROWS_AT_A_TIME):
        some = snapshot.unlabelled_ids[start : start + ROWS_AT_A_TIME]
        found = Example.objects.in_bulk(some)
        yield from (found[pk] for pk in some)
