"""The answers of a run whose teacher is a language model: bought before its trainer starts, and handed to it."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from connections.buying import Fields, Purchase, Sample, buy_answers, samples_of
from connections.money import BatchSettled
from connections.prompts import AnswerForm, LabelPrompt
from connections.reading import pooled
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
    rows = (fields for _, fields in _rows(run, *_asked(run)))
    try:
        buy_answers(purchase=purchase, rows=rows, should_continue=watch.should_continue, on_done=watch.on_done)
    except BatchSettled as settled:
        raise LeaseLost(f"run {run.pk}: {settled}") from settled
    if next(samples_of(purchase=purchase, rows=_rows(run, run.unlabelled)), None) is None:
        raise NothingAnswered(
            f"The language model {purchase.connection} gave no usable answer to any of {run.num_unlabelled:,} texts, "
            "so that nothing can be learned from it. What came of each request is counted below; change the study's "
            "instructions, the labels' descriptions or the model."
        )


def answers_of(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the id of each example of a run that has an answer, and what was answered, as the trainer reads it."""
    purchase = _purchase(run)
    for uid, samples in samples_of(purchase=purchase, rows=_rows(run, *_asked(run))):
        yield {"uid": uid, **_as_given(purchase.prompt, samples)}


def _as_given(prompt: LabelPrompt, samples: Sequence[Sample]) -> dict[str, Any]:
    """Probabilities of labels, the entities of each sample, or the texts, with NaN for a probability not told."""
    if prompt.form == AnswerForm.LABELS:
        return {"scores": pooled(prompt=prompt, samples=[one.scores or () for one in samples])}
    answers = {"answers": [one.value for one in samples]}
    if prompt.form == AnswerForm.ENTITIES:
        # Of several samples, what they agree on is the confidence.
        return answers if prompt.samples > 1 else {**answers, "confidence": prompt.confidence}
    logs = [math.log(max(one.scores[0], sys.float_info.min)) if one.scores else math.nan for one in samples]
    return {**answers, "log_probabilities": logs}


def _asked(run: Run) -> list[Snapshot | None]:
    """The unlabelled examples, and dev, on which answers are calibrated, unless they are written texts."""
    return [run.unlabelled, run.dev] if run.study.definition.has_labels else [run.unlabelled]


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
    """The ids and the texts of the examples of some snapshots."""
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
