import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import LABELLED_TYPES
from training.answers import Rows
from training.compute import Compute
from training.fewshot import FrozenEncoder, FrozenStudy, LabelText, VectorStore
from training.models import load_pretrained
from training.runtime import RunCache, StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES

SPORT = ["the team and the goal", "ball game match", "sport is a match", "the game was the team game"]
SPACE = ["rocket and moon", "the star orbit", "space is the moon", "a star in orbit"]
TEXTS = [text for both in zip(SPORT, SPACE, strict=True) for text in both]


def spans(text: str) -> str:
    found = [(text.find(word), word) for word in ("team", "moon", "star") if word in text]
    return json.dumps([{"start": start, "end": start + len(word), "label": "thing"} for start, word in sorted(found)])


def rows_of(task_type: str, texts: list[str]) -> tuple[tuple[str, ...], Rows]:
    is_sport = [text in SPORT for text in texts]
    columns = {"text": texts}
    labels: tuple[str, ...]
    if task_type == "text_classification":
        labels, gold = ("sport", "space"), ["sport" if one else "space" for one in is_sport]
    elif task_type == "multi_label_classification":
        labels, gold = ("sport", "space"), ['["sport"]' if one else '["space"]' for one in is_sport]
    elif task_type == "entity_extraction":
        labels, gold = ("thing",), [spans(text) for text in texts]
    else:
        columns = {
            "text_a": texts,
            "text_b": [text if one else "rain" for text, one in zip(texts, is_sport, strict=True)],
        }
        labels, gold = ("yes", "no"), ["yes" if one else "no" for one in is_sport]
    return labels, Rows(uids=[str(n) for n in range(len(texts))], columns=columns, gold=list(gold))


@pytest.mark.parametrize("num_labels", [0, 2, 8])
@pytest.mark.parametrize("name", sorted(LABELLED_TYPES))
def test_few_labels_answer_every_task_type(name: str, num_labels: int, tiny_folder: Path, tmp_path: Path) -> None:
    loaded = load_pretrained(source=ModelSource(source="folder", name=str(tiny_folder)), max_length=16)
    encoder = FrozenEncoder(loaded.model, loaded.tokenizer, 16, Compute(device=torch.device("cpu"), bf16=False))
    labels, rows = rows_of(name, TEXTS)
    study = FrozenStudy(
        encoder=encoder,
        task_type=TASK_TYPES[name],
        labels=tuple(LabelText(name=label) for label in labels),
        metric=TASK_TYPES[name].metrics[0],
        stop=StopFlag(),
        store=VectorStore(RunCache(folder=tmp_path, most_bytes=1 << 20), key=encoder.key),
    )
    labelled = rows_of(name, TEXTS[:num_labels])[1]
    vectors = study.vectors(rows.columns)
    fit = study.fit(labelled=labelled, pool=vectors)
    answers = study.predict(fit.head, rows, vectors)
    assert study.task_type.read_gold(gold=answers, columns=rows.columns, labels=labels) == answers
    assert np.isfinite(study.outputs(fit.head, vectors).values_UC).all()
    if num_labels == len(TEXTS) and name != "multi_label_classification":
        tally = study.task_type.tally(rows=rows, predicted=answers, labels=labels)
        assert study.task_type.score(totals_RK=tally.totals())[study.metric][0] >= 0.75
