"""Label a JSON-lines file with an artifact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from training.artifact import Classifier, load_classifier, read_label_map
from training.compute import Compute, has_fast_bf16
from training.data import DataInvalid, checked_rows, encode_rows
from training.evaluate import predict_logits
from training.settings import ModelSource
from training.stop import StopFlag
from training.task_types import TASK_TYPES

LINES_PER_BLOCK = 1024


def predict_file(artifact: Path, source: Path, target: Path) -> None:
    """Label each line of a file.

    Parameters
    ----------
    artifact
        folder of a trained student or teacher.
    source
        JSON lines with uid and the task type's input fields.
    target
        gets one line per example with uid, predicted and probabilities, replaced whole.

    Raises
    ------
    PermanentFailure: the artifact or a line cannot be used.
    """
    label_map = read_label_map(artifact)
    task_type = TASK_TYPES[label_map.task_type]
    classifier = load_classifier(
        source=ModelSource(source="folder", name=str(artifact)),
        task_type=task_type,
        labels=label_map.labels,
        max_length=label_map.max_length,
    )
    temporary = target.with_name(f".{target.name}.tmp")
    with source.open(encoding="utf-8") as lines, temporary.open("w", encoding="utf-8") as stream:
        while block := list(islice(lines, LINES_PER_BLOCK)):
            for answer in _answers(block, classifier, artifact):
                stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
    temporary.replace(target)


def _answers(block: list[str], classifier: Classifier, artifact: Path) -> Iterator[dict[str, Any]]:
    label_map = read_label_map(artifact)
    task_type = TASK_TYPES[label_map.task_type]
    examples = [json.loads(line) for line in block]
    names = ("uid", *task_type.input_fields)
    try:
        batch = {name: [example[name] for example in examples] for name in names}
    except (KeyError, TypeError) as error:
        raise DataInvalid(f"A line has no {error}. Each needs {', '.join(names)}.") from error
    rows = checked_rows(batch=batch, name="predict", task_type=task_type)
    encoded = encode_rows(
        rows=rows, task_type=task_type, tokenizer=classifier.tokenizer, max_length=label_map.max_length
    )
    device = torch.device("cpu")
    compute = Compute(device=device, bf16=has_fast_bf16(device))
    outputs = predict_logits(model=classifier.model, rows=encoded, compute=compute, stop=StopFlag())
    predicted = task_type.decode(outputs=outputs, rows=rows, labels=label_map.labels)
    shares_NC = task_type.probabilities(outputs=outputs, labels=label_map.labels).tolist()
    for uid, label, shares in zip(rows.uids, predicted, shares_NC, strict=True):
        yield {"uid": uid, "predicted": label, "probabilities": dict(zip(label_map.labels, shares, strict=True))}
