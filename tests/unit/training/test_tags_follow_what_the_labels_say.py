import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.tiny_runs import rows_with
from training.answers import Span, spans_from_json, spans_to_json
from training.contract import TRANSITIONS_FILE
from training.data import UNSEEN, ModelOutputs
from training.fewshot import HeldOutTags, choose_transitions, tag_answers
from training.learners import TagTransitions, has_transitions, learner_of, row_tags
from training.learners.likeliest_tags import likeliest_by, likeliest_tags
from training.models import PretrainedUnusable
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
LABELS = ["a", "b"]
TAGS = ENTITIES.output_names(LABELS)
OUT, BEGIN_A, IN_A, BEGIN_B, IN_B = range(5)
# An a is always two words, and a b, of one word, comes right behind it.
TAUGHT = [[OUT, BEGIN_A, IN_A, BEGIN_B], [BEGIN_A, IN_A, BEGIN_B, OUT], [OUT, OUT], []]
PAYLOAD: dict[str, Any] = TagTransitions.learned(TAUGHT, num_tags=5).payload(TAGS)


def learned(strength: float = 1.0) -> TagTransitions:
    return TagTransitions.learned(TAUGHT, num_tags=5, strength=strength)


def outputs_of(*texts: list[list[float]]) -> ModelOutputs:
    values = np.concatenate([np.array(text, dtype=np.float32).reshape(-1, 5) for text in texts])
    return ModelOutputs(values_UC=values, bounds=np.cumsum([0, *map(len, texts)]))


def found(texts: list[str], *values: list[list[float]], by: TagTransitions | None) -> list[str | None]:
    rows = rows_with(["[]"] * len(texts), texts=texts)
    return learner_of(ENTITIES, by).decode(outputs=outputs_of(*values), rows=rows, labels=LABELS)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 4), st.just(5)), elements=st.integers(-4, 4)),
    arrays(np.int64, (6, 5), elements=st.integers(0, 9)),
    st.sampled_from([0.5, 1.0]),
)
def test_no_other_tags_of_a_text_sum_higher(values_WC: np.ndarray, counts_BC: np.ndarray, strength: float) -> None:  # type: ignore[type-arg]
    scores_BC = TagTransitions(counts_BC=counts_BC, strength=strength).scores_BC

    def total(tags: tuple[int, ...]) -> float:
        follow = sum(scores_BC[before, tag] for before, tag in zip((5, *tags), tags, strict=False))
        return float(values_WC[range(len(tags)), tags].sum() + follow)

    best = max(map(total, product(range(5), repeat=len(values_WC))))
    assert total(tuple(likeliest_by(values_WC, scores_BC=scores_BC))) == pytest.approx(best)


@given(arrays(np.float32, st.tuples(st.integers(1, 9), st.just(5)), elements=st.integers(-9, 9)))
def test_an_entity_never_goes_on_before_it_began(values_WC: np.ndarray) -> None:  # type: ignore[type-arg]
    tags = likeliest_by(values_WC, scores_BC=learned().scores_BC)
    assert all(
        tag in (OUT, BEGIN_A, BEGIN_B) or before in (tag - 1, tag)
        for before, tag in zip((OUT, *tags), tags, strict=False)
    )


def test_weak_transitions_leave_tags_to_the_outputs() -> None:
    values_WC = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    assert likeliest_by(values_WC, scores_BC=learned(strength=1e-9).scores_BC) == likeliest_tags(values_WC)


def test_scores_are_log_probabilities_less_half_of_how_frequent_a_tag_is() -> None:
    # After an a begins come two words, both inside of it, and by as much as one more those that may, as often as ever.
    share_C = (np.array([4, 2, 2, 2, 0]) + 1 / 5) / (10 + 1)
    may_C = share_C[[OUT, BEGIN_A, IN_A, BEGIN_B]]
    expected = np.log((2 + share_C[IN_A] / may_C.sum()) / (2 + 1)) - 0.5 * np.log(share_C[IN_A])
    assert learned().scores_BC[BEGIN_A, IN_A] == pytest.approx(expected)
    assert learned(0.5).scores_BC[BEGIN_A, IN_A] == pytest.approx(expected / 2)
    assert np.isneginf(learned().scores_BC[[OUT, 5, IN_A], [IN_A, IN_B, IN_B]]).all()


def test_a_doubtful_word_goes_by_the_one_before() -> None:
    doubtful = [[0.0, 3.0, 0.0, 0.0, 0.0], [0.2, 0.0, 0.0, 0.1, 0.0], [0.2, 0.0, 0.0, 0.0, 0.0]]
    assert found(["x y z"], doubtful, by=None) == [spans_to_json([Span(0, 1, "a")])]
    assert found(["x y z"], doubtful, by=learned()) == [spans_to_json([Span(0, 3, "a"), Span(4, 5, "b")])]


def test_a_text_is_tagged_alike_alone_and_among_others() -> None:
    rng = np.random.default_rng(1)
    texts = ["x", "x y z", " ".join("x" * 300), "x y"]
    values = [rng.normal(size=(len(text.split()), 5)).tolist() for text in texts]
    together = found(texts, *values, by=learned())
    alone = [found([text], one, by=learned())[0] for text, one in zip(texts, values, strict=True)]
    assert together == alone and len(spans_from_json(str(together[2]))) > 10


def test_words_that_no_model_sees_are_passed_over_and_what_is_no_number_is_no_answer() -> None:
    begins, unseen, nothing = [0.0, 3, 0, 0, 0], [UNSEEN] * 5, [float("nan")] * 5
    assert found(["x y"], [begins, unseen], by=learned()) == [spans_to_json([Span(0, 3, "a")])]
    assert found(["x y", ""], [begins, nothing], [], by=learned()) == [None, "[]"]


def test_texts_without_an_entity_teach_that_none_begins() -> None:
    nothing = TagTransitions.learned([[OUT, OUT, OUT]] * 20, num_tags=5)
    assert found(["x y z"], [[0.0, 1, 0, 0, 0]] * 3, by=None) != ["[]"]
    assert found(["x y z"], [[0.0, 1, 0, 0, 0]] * 3, by=nothing) == ["[]"]


def test_tags_are_counted_from_the_spans_of_labelled_rows() -> None:
    gold = [spans_to_json([Span(0, 3, "a"), Span(4, 5, "b")]), "[]"]
    rows = replace(rows_with([*gold, ""], texts=["x y z", "x", "x y"]), gold=[*gold, None])
    assert row_tags(rows=rows, task_type=ENTITIES, labels=LABELS) == [[BEGIN_A, IN_A, BEGIN_B], [OUT], []]


def test_other_answers_and_tables_too_large_have_none() -> None:
    assert has_transitions(ENTITIES, LABELS)
    assert not has_transitions(ENTITIES, [f"label {number}" for number in range(201)])
    assert not has_transitions(TASK_TYPES["text_classification"], LABELS)


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    assert TagTransitions.read(tmp_path, outputs=TAGS) is None
    learned(0.5).save(tmp_path, outputs=TAGS)
    read = TagTransitions.read(tmp_path, outputs=TAGS)
    assert read is not None and read.strength == 0.5
    np.testing.assert_array_equal(read.counts_BC, learned().counts_BC)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        ("{", "cannot be read"),
        ([], "version 1 is read here, and it has \\[\\]"),
        ({**PAYLOAD, "version": 2}, "version 1 is read here, and it has 2"),
        ({**PAYLOAD, "outputs": ["O", "B-c", "I-c"]}, "outputs are \\['O', 'B-c', 'I-c'\\], of the model"),
        ({**PAYLOAD, "strength": 0}, "strength is 0; it is a number above 0, up to 10"),
        ({**PAYLOAD, "strength": float("inf")}, "strength is inf"),
        ({**PAYLOAD, "strength": "1"}, "strength is '1'"),
        ({**PAYLOAD, "counts": [1]}, "counts are \\[1\\]"),
        ({**PAYLOAD, "counts": {"O": {"I-a": 1}}}, "counts has 1 for 'I-a' after 'O'"),
        ({**PAYLOAD, "counts": {"O": {"B-a": -1}}}, "counts has -1 for 'B-a' after 'O'"),
        ({**PAYLOAD, "counts": {"": {"O": 10**30}}}, "for 'O' after ''"),
        ({**PAYLOAD, "counts": {"O": {"B-z": 1}}}, "counts has 1 for 'B-z' after 'O'"),
    ],
)
def test_a_malformed_file_is_refused(payload: Any, complaint: str, tmp_path: Path) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    (tmp_path / TRANSITIONS_FILE).write_text(text)
    with pytest.raises(PretrainedUnusable, match=f"{TRANSITIONS_FILE} cannot be read.*") as refused:
        TagTransitions.read(tmp_path, outputs=TAGS)
    assert refused.match(complaint) and refused.match("Repeat the run that made it.")


def judged(gold: list[str], values: list[list[list[float]]], by: TagTransitions) -> tuple[float, list[str | None]]:
    rows = rows_with(gold, texts=["x y z"] * len(gold))
    held_out = HeldOutTags(outputs=outputs_of(*values), parts=[(np.arange(len(gold)), by)])
    choice = choose_transitions(
        task_type=ENTITIES, rows=rows, labels=LABELS, metric="micro_f1", rounds=[held_out], judged_on="dev"
    )
    assert choice.why.startswith(f"Tag transitions: strength {choice.strength:g} is") and choice.judged_on == "dev"
    return choice.strength, tag_answers(ENTITIES, rows, LABELS, held_out, choice.strength)


def test_they_are_used_where_they_help_and_left_where_they_do_not() -> None:
    doubtful = [[0.0, 3.0, 0.0, 0.0, 0.0], [0.2, 0.0, 0.0, 0.1, 0.0], [0.2, 0.0, 0.0, 0.0, 0.0]]
    together = spans_to_json([Span(0, 3, "a"), Span(4, 5, "b")])
    strength, answers = judged([together] * 6, [doubtful] * 6, learned())
    assert strength > 0 and answers == [together] * 6
    apart = spans_to_json([Span(0, 1, "a")])
    assert judged([apart] * 6, [doubtful] * 6, learned()) == (0.0, [apart] * 6)


def test_each_part_of_the_rows_is_found_by_its_own() -> None:
    nothing = TagTransitions.learned([[OUT, OUT, OUT]] * 20, num_tags=5)
    rows = rows_with(["[]", "[]"], texts=["x", "x"])
    begins = [[0.0, 1.0, 0.0, 0.0, 0.0]]
    parts = [(np.array([1]), nothing), (np.array([0]), learned())]
    held_out = HeldOutTags(outputs=outputs_of(begins, begins), parts=parts)
    assert tag_answers(ENTITIES, rows, LABELS, held_out, 1.0) == [spans_to_json([Span(0, 1, "a")]), "[]"]
