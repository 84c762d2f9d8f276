import argparse
import json
from pathlib import Path

import datasets

from bench import marking
from bench.parts.answer_runs import AnswerRuns

SAID = "In the abstract, population demographics are defined by the following spans: "


def write_samples(path: Path, *said: str) -> Path:
    passage = {"role": "user", "content": "Twelve men, and the women's team, took part."}
    lines = [json.dumps({"input": [{"role": "system", "content": "Extract."}, passage], "ideal": one}) for one in said]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_each_marked_span_is_an_answer(tmp_path: Path) -> None:
    path = write_samples(
        tmp_path / "samples.jsonl", SAID + "'Twelve men', 'the women's team'", SAID + "'somebody else'"
    )
    [row] = marking._rows(path)
    assert json.loads(row["label"]) == ["Twelve men", "the women's team"] and row["question"] == marking.QUESTION


def test_no_row_is_in_two_splits_and_unlabelled_ones_have_no_answer(tmp_path: Path) -> None:
    options = argparse.Namespace(seed=0, labels=3, dev=2, test=2, pool=3)
    rows = [{"uid": str(number), "question": "q", "passage": "p", "label": "[]"} for number in range(12)]
    AnswerRuns("trials", "question_answering", options, tmp_path).write(rows)
    splits = {name: datasets.load_from_disk(str(tmp_path / "data" / name)) for name in ("train", "dev", "test")}
    unlabelled = datasets.load_from_disk(str(tmp_path / "data" / "unlabelled"))
    assert [len(one) for one in (*splits.values(), unlabelled)] == [3, 2, 2, 3]
    assert len({uid for one in (*splits.values(), unlabelled) for uid in one["uid"]}) == 10
    assert "label" not in unlabelled.column_names and all("label" in one.column_names for one in splits.values())
