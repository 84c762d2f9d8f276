"""A teacher's written answers to a shard of rows: the likeliest one to each, or several that are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.answers import Rows
from training.data import EncodedRows, ModelOutputs, TokenLabels
from training.distil import Writing, WrittenAnswers
from training.evaluation import Decoding, generate_answers
from training.models import TextToText
from training.tasks import WrittenAnswerType


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A teacher and how it writes; `first_row` is the number of a shard's first row in the whole set.

    `num_top` tokens are kept at each place.
    """

    model: TextToText
    num_top: int
    plan: Writing
    first_row: int

    def decoding(self, *, number: int, num_rows: int) -> Decoding:
        """Say how one of its answers to each row comes about: drawn by numbers that are the same in any batch."""
        if self.plan.num_answers == 1:
            return Decoding(num_top=self.num_top)
        rngs = [np.random.default_rng([self.plan.seed, number, self.first_row + row]) for row in range(num_rows)]
        draws_NL = np.stack([rng.random(self.plan.answer_length, dtype=np.float32) for rng in rngs])
        return Decoding(num_top=self.num_top, draws_NL=draws_NL)


@dataclass(frozen=True, kw_only=True)
class WrittenShard:
    """All answers to a shard of rows, those to one row behind each other."""

    outputs: ModelOutputs
    tokens: TokenLabels
    written: WrittenAnswers


def write_answers(*, writer: Writer, rows: EncodedRows, on_rows: Callable[[int], None], **options: Any) -> WrittenShard:
    """Let a teacher answer; `options` as of generate_answers. Raises: StopRequested, MemoryTooSmall."""
    count, task_type = writer.plan.num_answers, writer.model.codec.task_type
    assert isinstance(task_type, WrittenAnswerType)
    found = [
        generate_answers(
            model=writer.model,
            rows=rows,
            decoding=writer.decoding(number=number, num_rows=len(rows)),
            # A row is done with its last answer.
            on_rows=on_rows if number == count - 1 else None,
            **options,
        )
        for number in range(count)
    ]
    # Answers of a row behind each other: of each round its first row, then its second.
    order = np.arange(count * len(rows)).reshape(count, len(rows)).T.reshape(-1)
    answers = [answer for one in found for answer in one.answers]
    texts = [None if answers[place] is None else task_type.texts(str(answers[place]))[0] for place in order]
    values_NC = np.concatenate([one.outputs.values_UC for one in found])[order]
    return WrittenShard(
        outputs=ModelOutputs.one_per_row(values_NC),
        tokens=TokenLabels.joined([one.tokens for one in found]).take(order.tolist()),
        written=WrittenAnswers(texts=texts, is_cut_N=np.concatenate([one.is_cut_N for one in found])[order]),
    )


def repeated_rows(rows: Rows, counts: Sequence[int]) -> Rows:
    """Return each row as often as it has answers, behind each other."""
    if all(count == 1 for count in counts):
        return rows
    places = np.repeat(np.arange(len(rows)), counts).tolist()
    columns = {name: [texts[place] for place in places] for name, texts in rows.columns.items()}
    return Rows(uids=[rows.uids[place] for place in places], columns=columns, gold=None)
