"""Rows with the answers that a text-to-text model is taught to write."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from training.answers import Rows
from training.data import EncodedRows, RaggedInts, Units
from training.losses import IGNORED
from training.models import TARGETS, AnswerCodec
from training.tasks import WrittenAnswerType


def with_target_tokens(*, encoded: EncodedRows, answers: RaggedInts | Sequence[Sequence[int]]) -> EncodedRows:
    """Add the tokens of answers, ends included, that a model is to generate; a unit is then a token of an answer."""
    targets = answers if isinstance(answers, RaggedInts) else RaggedInts.of(answers)
    assert len(targets) == len(encoded)
    return replace(
        encoded,
        inputs={**encoded.inputs, TARGETS: targets},
        lengths=encoded.lengths + targets.lengths,
        units=Units(
            start_N=torch.from_numpy(targets.bounds[:-1]),
            count_N=torch.from_numpy(targets.lengths),
            seen_U=torch.ones(len(targets.values), dtype=torch.bool),
        ),
        # They are generated nowhere, and so not read.
        columns={},
        pad_values={**encoded.pad_values, TARGETS: IGNORED},
    )


def with_gold_tokens(*, encoded: EncodedRows, rows: Rows, codec: AnswerCodec, all_references: bool) -> EncodedRows:
    """Add the gold answers to labelled rows.

    Of several that are all right, the first is taken or, with `all_references`, each is a row, one of which is drawn
    per epoch.
    """
    task_type = codec.task_type
    if not all_references or not isinstance(task_type, WrittenAnswerType):
        texts = rows.columns[task_type.input_fields[0]]
        return with_target_tokens(encoded=encoded, answers=codec.tokens(answers=rows.labelled(), texts=texts))
    references = [task_type.texts(answer) for answer in rows.labelled()]
    written = codec.written([text for texts in references for text in texts])
    return with_target_tokens(encoded=encoded.repeated([len(texts) for texts in references]), answers=written)


def num_cut(*, rows: Rows, codec: AnswerCodec) -> int:
    """Count the gold texts, the first of each row, that have more tokens than a model may write."""
    texts = rows.columns[codec.task_type.input_fields[0]]
    return int(np.sum([codec.is_cut(ids) for ids in codec.tokens(answers=rows.labelled(), texts=texts)]))
