"""Places of passages: windows put together, characters of answers, and the distributions that a student learns."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from tests.tiny_model import write_tiny_model
from training.answers import Rows
from training.data import NO_ANSWER, EncodedRows, ModelOutputs
from training.distil import TopPlaces, window_teacher
from training.evaluation.marking import PlaceScores, best_span, joined_windows, marked_answers
from training.learners import encode_rows, gold_spans, num_places, places_in, window_targets
from training.losses import IGNORED
from training.models import load_tokenizer
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TOKEN
from training.train import MarkLoss

MARKED = TASK_TYPES["question_answering"].segmented(TOKEN)
PASSAGE = "the sun and the rain and the moon and a good day"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = write_tiny_model(tmp_path_factory.mktemp("tiny"))
    return load_tokenizer(str(folder), ModelSource(source="folder", name=str(folder)))


def rows_of(*passages: str, answers: tuple[str, ...] = ()) -> Rows:
    gold = [json.dumps([one]) for one in answers] or None
    columns = {"question": ["what is good?"] * len(passages), "passage": list(passages)}
    return Rows(uids=[str(number) for number in range(len(passages))], columns=columns, gold=[*gold] if gold else None)


def encoded(tokenizer: object, rows: Rows, *, max_length: int) -> EncodedRows:
    return encode_rows(rows=rows, task_type=MARKED, tokenizer=tokenizer, max_length=max_length, pooling="mean")


def scores_of(rows: EncodedRows, *, seed: int = 0) -> tuple[ModelOutputs, PlaceScores]:
    values = np.random.default_rng(seed).normal(size=(len(rows.units.seen_U), 2)).astype(np.float32)
    values[~rows.units.seen_U.numpy()] = -np.inf
    outputs = ModelOutputs(values_UC=values, bounds=rows.units.bounds())
    return outputs, joined_windows(outputs=outputs, rows=rows)


def test_windows_overlap_cover_the_passage_and_fit_the_model(tokenizer: object) -> None:
    rows = encoded(tokenizer, rows_of(PASSAGE, "", "good"), max_length=16)
    assert rows.windows is not None and rows.lengths.max() <= 16
    assert np.diff(rows.windows.bounds)[1:].tolist() == [1, 1] and rows.windows.bounds[1] > 2
    shown = [set(places_in(rows, window)[0].tolist()) - {NO_ANSWER} for window in range(rows.windows.bounds[1])]
    assert set.union(*shown) == set(places_in(encoded(tokenizer, rows_of(PASSAGE), max_length=64), 0)[0][1:].tolist())
    assert all(first & second for first, second in pairwise(shown))


def test_an_answer_is_at_the_same_characters_in_every_window_that_has_all_of_it(tokenizer: object) -> None:
    rows = rows_of(PASSAGE, answers=("good day",))
    windows = encoded(tokenizer, rows, max_length=16)
    (span,) = gold_spans(rows=rows, task_type=MARKED)
    assert span is not None and PASSAGE[slice(*span)] == "good day"
    targets = window_targets(encoded=windows, spans=[span], missing=IGNORED)
    for window, (first, last) in enumerate(targets.tolist()):
        starts, ends = places_in(windows, window)
        if first:
            assert (starts[first], ends[last]) == span
        else:
            assert ends[-1] < span[1] and last == 0
    assert targets[-1].all() and not targets[0].any()


@pytest.mark.parametrize(
    ("answer", "passage", "found"),
    [
        (["12"], "in 2012 12 came", "12"),
        (["nine", "ten"], "one of ten", "ten"),
        ([{"text": "ten", "start": 8}], "ten and ten", "ten"),
        (["12"], "in 2012", "12"),
        (["Ten"], "one of ten", None),
    ],
)
def test_the_first_accepted_answer_that_is_there_is_marked(answer: list[object], passage: str, found: str) -> None:
    (span,) = gold_spans(
        rows=Rows(uids=["1"], columns={"question": ["?"], "passage": [passage]}, gold=[json.dumps(answer)]),
        task_type=MARKED,
    )
    assert (None if span is None else passage[slice(*span)]) == found
    if span is not None and found != "12":
        assert span[0] > 6
    elif span is not None:
        assert span[0] == (8 if passage.endswith("came") else 5)


def test_the_best_span_ends_where_it_may(tokenizer: object) -> None:
    values = np.array([[9, 9], [0, 5], [4, 0], [0, 1], [0, 6]], dtype=np.float32)
    # Every pair of a start and a later end, and no answer never.
    assert best_span(values, answer_length=5) == (2, 4)
    assert best_span(values, answer_length=2) == (4, 4)
    assert best_span(values[:1], answer_length=2) is None
    values[3] = np.nan
    assert best_span(values, answer_length=5) is None


def test_answers_are_characters_of_the_passage_as_it_is_written() -> None:
    scores = PlaceScores(
        values_U2=np.array([[0, 0], [3, 0], [0, 4]], dtype=np.float32),
        starts_U=np.array([NO_ANSWER, 3, 9]),
        ends_U=np.array([NO_ANSWER, 8, 12]),
        bounds=np.array([0, 3]),
    )
    found = marked_answers(scores=scores, passages=["A  Big\t RED é end"], answer_length=4)
    assert [json.loads(str(answer)) for answer in found.answers] == [[{"text": "Big\t RED", "start": 3}]]
    start = 3 - np.log(np.exp([0, 3, 0]).sum())
    end = 4 - np.log(np.exp([0, 0, 4]).sum())
    assert found.log_probs_N1[0, 0] == pytest.approx((start + end) / 2, abs=1e-5)


def test_of_a_token_in_two_windows_the_one_counts_that_shows_more_around_it(tokenizer: object) -> None:
    rows = encoded(tokenizer, rows_of(PASSAGE), max_length=16)
    outputs, joined = scores_of(rows)
    assert rows.windows is not None
    best: dict[int, tuple[int, float]] = {}
    for window in range(len(rows)):
        starts, _ = places_in(rows, window)
        values = outputs.row(window)[np.isfinite(outputs.row(window)[:, 0])]
        for number, start in enumerate(starts[1:].tolist()):
            around = min(number, len(starts) - 2 - number)
            if around > best.get(start, (-1, 0.0))[0]:
                best[start] = (around, float(values[number + 1, 0] - values[0, 0]))
    values_P2, starts_P, _ = joined.row(0)
    assert values_P2[0].tolist() == [0, 0]
    assert values_P2[1:, 0].tolist() == pytest.approx([best[start][1] for start in starts_P[1:].tolist()], abs=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 3.0])
def test_the_loss_is_the_divergence_of_start_and_end_at_the_temperature(tokenizer: object, temperature: float) -> None:
    rows = encoded(tokenizer, rows_of(PASSAGE, "a good day"), max_length=64)
    _, joined = scores_of(rows)
    teacher = window_teacher(top=TopPlaces.of(joined), encoded=rows, temperature=temperature)
    counts = num_places(rows)
    loss = MarkLoss(
        count_W=counts,
        target_W2=torch.full((2, 2), IGNORED),
        answered_W=teacher.answered_W,
        top_places_W2K=teacher.top_places_W2K,
        teacher_W2K=teacher.teacher_W2K,
        temperature=temperature,
        gold_weight=0.0,
    )
    student = torch.randn(int(counts.sum()), 2, generator=torch.Generator().manual_seed(1))
    direct = torch.zeros(())
    for row, logits in enumerate(torch.split(student, counts.tolist())):
        said = torch.from_numpy(joined.row(row)[0])
        log_p, log_q = ((one / temperature).log_softmax(dim=0) for one in (said, logits))
        direct += (log_p.exp() * (log_p - log_q)).sum() * temperature**2 / 2
    assert float(loss(logits=student, rows=torch.arange(2))) == pytest.approx(float(direct), rel=1e-4)
    assert loss.num_valid(torch.arange(2)) == 2


def test_what_lies_outside_a_window_is_no_answer_in_it(tokenizer: object) -> None:
    whole, parts = (encoded(tokenizer, rows_of(PASSAGE), max_length=length) for length in (64, 16))
    _, joined = scores_of(whole)
    top = TopPlaces.of(joined, num_top=6)
    teacher = window_teacher(top=top, encoded=parts, temperature=1.0)
    direct = np.exp(torch.from_numpy(joined.row(0)[0]).log_softmax(dim=0).numpy())
    for window in range(len(parts)):
        starts, _ = places_in(parts, window)
        assert np.exp(teacher.teacher_W2K[window].numpy()).sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
        shares = np.exp(teacher.teacher_W2K[window, 0].numpy()).tolist()
        kept = dict(zip(teacher.top_places_W2K[window, 0].tolist(), shares, strict=False))
        inside = {place: share for place, share in kept.items() if place > 0}
        for place, share in inside.items():
            number = joined.row(0)[1].tolist().index(starts[place])
            assert share == pytest.approx(float(direct[number, 0]), abs=1e-5)
        assert kept[0] >= float(direct[0, 0]) - 1e-6


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_window_is_softened_once_it_is_laid_over(tokenizer: object, temperature: float) -> None:
    """A student of a teacher's own outputs learns just these, at any temperature."""
    parts = encoded(tokenizer, rows_of(PASSAGE), max_length=16)
    _, joined = scores_of(encoded(tokenizer, rows_of(PASSAGE), max_length=64))
    top = TopPlaces.of(joined)
    plain, softened = (window_teacher(top=top, encoded=parts, temperature=one) for one in (1.0, temperature))
    for window in range(len(parts)):
        direct = (plain.teacher_W2K[window, :, :-1] / temperature).log_softmax(dim=-1)
        is_place = softened.top_places_W2K[window] >= 0
        assert torch.allclose(softened.teacher_W2K[window, :, :-1][is_place], direct[is_place], atol=1e-4)


def test_places_are_found_again_in_their_store(tokenizer: object, tmp_path: Path) -> None:
    _, joined = scores_of(encoded(tokenizer, rows_of(PASSAGE, "", "good"), max_length=64))
    top = TopPlaces.of(joined, num_top=8)
    found = TopPlaces.in_table(pa.table(top.columns()))
    assert np.array_equal(found.places_N2K, top.places_N2K)
    assert np.array_equal(found.log_probs_N2K, top.log_probs_N2K, equal_nan=True)
    # Without a passage there is no answer.
    assert found.answered_N.tolist() == [True, False, True]
