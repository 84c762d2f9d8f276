import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from sacrebleu.metrics.bleu import BLEU

from tests.tiny_runs import CPU
from training.answers import Floats, Rows, bert_ibleu
from training.contract import MEASURED_BY, SIMILARITY_MODEL
from training.evaluation import BertScore, split_metrics, with_similarity
from training.evaluation.metrics import SplitAnswers
from training.evaluation.similarity import SimilarityModelMissing
from training.models import load_pretrained
from training.runtime import StopFlag, StopRequested
from training.spec import EvaluationSettings, ModelSource
from training.tasks import TASK_TYPES, TaskType

SOURCES = ("the cat sat on the mat", "Shares fell 3 % after the report .", "hello", "one two three four five six")
WRITTEN = ("a cat was sitting on a rug", "The report made shares fall .", "hi there", "one two three four five seven")
GENERATION = TASK_TYPES["text_generation"]


class Fixed:
    """Takes every two texts to be equally alike, and counts what it is asked."""

    name = "package:fixed"

    def __init__(self, alike: float) -> None:
        self.alike, self.num_asked = alike, 0

    def __call__(self, *, sources: Sequence[str], written: Sequence[str]) -> Floats:
        self.num_asked += len(sources)
        return np.full(len(sources), self.alike)


def word_vectors(text: str) -> torch.Tensor:
    """Encode one text alone and leave out its marks, its first and its last token."""
    pretrained = load_pretrained(source=ModelSource(source="package", name=SIMILARITY_MODEL), max_length=64)
    with torch.inference_mode():
        found = pretrained.model(**pretrained.tokenizer(text, return_tensors="pt"))
        hidden: torch.Tensor = found.last_hidden_state
    return hidden[0, 1:-1]


def direct_f1(first: str, second: str) -> float:
    rows, columns = word_vectors(first), word_vectors(second)
    cosines = [[float(torch.cosine_similarity(one, other, dim=0)) for other in columns] for one in rows]
    recall = sum(map(max, cosines)) / len(rows)
    precision = sum(max(row[place] for row in cosines) for place in range(len(columns))) / len(columns)
    return 2 * precision * recall / (precision + recall)


def test_bert_score_is_that_of_each_pair_alone() -> None:
    similarity = BertScore(compute=CPU, stop=StopFlag())
    found = similarity(sources=SOURCES, written=WRITTEN)
    assert found.tolist() == pytest.approx([direct_f1(*pair) for pair in zip(SOURCES, WRITTEN, strict=True)], abs=1e-5)


def test_bert_score_knows_likeness_and_bears_texts_without_words() -> None:
    similarity = BertScore(compute=CPU, stop=StopFlag())
    same, near, far, empty = similarity(
        sources=[SOURCES[0]] * 4, written=[SOURCES[0], WRITTEN[0], "interest rates were raised", "\u200b"]
    )
    assert same == pytest.approx(1, abs=1e-5) and same > near > far > empty == 0


def test_a_pair_is_computed_once_and_a_stop_is_heeded() -> None:
    stop = StopFlag()
    similarity = BertScore(compute=CPU, stop=stop)
    first = similarity(sources=["a day"], written=["one day"])
    stop.request()
    assert similarity(sources=["a day"] * 2, written=["one day"] * 2).tolist() == [*first, *first]
    with pytest.raises(StopRequested):
        similarity(sources=["a day"], written=["another"])


def test_bert_ibleu_weighs_meaning_four_times_as_much_as_other_words() -> None:
    found = bert_ibleu(sources=SOURCES, written=WRITTEN, similarity=Fixed(0.8))
    for source, written, value in zip(SOURCES, WRITTEN, found, strict=True):
        copied = BLEU(effective_order=True, force=True).corpus_score([written], [[source]]).score / 100
        assert value == pytest.approx(((4 / 0.8 + 1 / (1 - copied)) / 5) ** -1)


def test_what_is_copied_empty_or_means_nothing_alike_is_worth_nothing() -> None:
    similarity = Fixed(0.9)
    assert bert_ibleu(sources=SOURCES, written=SOURCES, similarity=similarity).tolist() == [0.0] * 4
    assert bert_ibleu(sources=SOURCES, written=[None] * 4, similarity=similarity).tolist() == [0.0] * 4
    assert similarity.num_asked == 0
    assert bert_ibleu(sources=SOURCES, written=WRITTEN, similarity=Fixed(-0.1)).tolist() == [0.0] * 4


def rows_of(sources: Sequence[str]) -> Rows:
    gold: list[str | None] = [json.dumps([text]) for text in WRITTEN]
    return Rows(uids=[str(number) for number in range(4)], columns={"text": list(sources)}, gold=gold)


def test_its_interval_comes_of_resampled_rows_and_names_the_checkpoint() -> None:
    task_type = GENERATION.measured_with(Fixed(0.8))
    predicted = [json.dumps([text]) for text in (*WRITTEN[:3], SOURCES[3])]
    found = split_metrics(
        task_type=task_type,
        rows=rows_of(SOURCES),
        answers=SplitAnswers(of_seeds=[predicted]),
        labels=[],
        settings=EvaluationSettings(metric="bert_ibleu", num_resamples=200),
        seed=0,
    )["bert_ibleu"]
    values = bert_ibleu(sources=SOURCES, written=[*WRITTEN[:3], SOURCES[3]], similarity=Fixed(0.8))
    assert found["value"] == pytest.approx(values.mean()) and found["measured_by"] == "package:fixed"
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1


def test_a_copied_source_is_a_baseline_of_nothing() -> None:
    task_type = GENERATION.measured_with(Fixed(0.9))
    copied = task_type.baselines(train=rows_of(SOURCES), test=rows_of(SOURCES), labels=[])["source"]
    tally = task_type.tally(rows=rows_of(SOURCES), predicted=copied.predicted, labels=[])
    assert task_type.score(totals_RK=tally.totals())["bert_ibleu"].tolist() == [0.0]


def test_without_its_checkpoint_it_is_left_out_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(metric: str) -> TaskType:
        return with_similarity(task_type=GENERATION, metric=metric, compute=CPU, stop=StopFlag())

    assert measured("bleu").measured_by == MEASURED_BY
    monkeypatch.setattr("training.evaluation.similarity.is_installed", lambda requirement: False)
    assert measured("bleu").measured_by == {}
    with pytest.raises(SimilarityModelMissing, match="all-MiniLM-L6-v2, which is not installed"):
        measured("bert_ibleu")
