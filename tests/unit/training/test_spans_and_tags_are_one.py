from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.tiny_runs import rows_with
from training.answers import Span, first_tokens, spans_from_json, spans_of, spans_to_json, tags_of, words_of
from training.data import UNSEEN, ModelOutputs, Units
from training.learners import learner_of
from training.learners.likeliest_tags import likeliest_tags
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
LABELS = ["a", "b", "c"]
PLACE = {label: index for index, label in enumerate(LABELS)}
TEXTS = st.text(alphabet="ab7 .°é日🧪_-\t", min_size=1, max_size=60).filter(lambda text: text.strip() != "")


@st.composite
def texts_with_entities(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text, and spans that start and end with its words."""
    text = draw(TEXTS)
    words = words_of(text)
    spans, free = [], 0
    while free < len(words):
        first = draw(st.integers(free, len(words) - 1))
        last = draw(st.integers(first, min(first + 3, len(words) - 1)))
        spans.append(Span(words[first].start, words[last].end, draw(st.sampled_from(LABELS))))
        free = last + 1 + draw(st.integers(0, 9))
    return text, spans


@given(texts_with_entities())
def test_decoding_the_targets_gives_the_gold(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    rows = rows_with([spans_to_json(spans)], texts=[text])
    units = Units.of_words([list(range(len(words_of(text))))])
    targets = learner_of(ENTITIES).targets(rows=rows, units=units, labels=LABELS)
    logits = torch.nn.functional.one_hot(targets, 1 + 2 * len(LABELS)).float().numpy()
    outputs = ModelOutputs(values_UC=logits, bounds=units.bounds())
    assert learner_of(ENTITIES).decode(outputs=outputs, rows=rows, labels=LABELS) == [spans_to_json(spans)]


@given(texts_with_entities())
def test_answers_are_read_as_they_are_written(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    assert spans_from_json(spans_to_json(reversed(spans))) == spans
    assert ENTITIES.read_gold(gold=[spans_to_json(spans)], columns={"text": [text]}, labels=LABELS) == [
        spans_to_json(spans)
    ]


@given(TEXTS)
def test_every_mark_of_a_text_is_in_one_word(text: str) -> None:
    words = words_of(text)
    assert "".join(text[word.start : word.end] for word in words) == "".join(text.split())


def tags(text: str, *spans: Span) -> list[int]:
    return tags_of(words=words_of(text), spans=spans, labels=PLACE)


def test_a_span_that_starts_within_a_word_takes_the_word() -> None:
    assert tags("add ethanol now", Span(6, 11, "b")) == [0, 3, 0]


def test_a_word_that_two_spans_share_is_the_first_ones() -> None:
    assert tags("add ethanol now", Span(0, 6, "a"), Span(6, 15, "b")) == [1, 2, 3]
    assert tags("ethanol", Span(0, 3, "a"), Span(3, 7, "b")) == [1]


def test_digits_and_letters_are_words_of_their_own() -> None:
    assert tags("500mL", Span(0, 3, "a"), Span(3, 5, "b")) == [1, 3]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([2, 2, 0], [Span(0, 3, "a")]),
        ([1, 4, 4], [Span(0, 1, "a"), Span(2, 5, "b")]),
        ([1, 1, 2], [Span(0, 1, "a"), Span(2, 5, "a")]),
        ([1, None, 0], [Span(0, 3, "a")]),
        ([0, None, 1], [Span(4, 5, "a")]),
        ([1, None, 2], [Span(0, 5, "a")]),
    ],
)
def test_tags_that_fit_badly_are_read_by_one_rule(said: list[int | None], expected: list[Span]) -> None:
    assert spans_of(words=words_of("x y z"), tags=said, labels=LABELS) == expected


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.just(5)), elements=st.integers(-9, 9)))
def test_tags_are_found_together_so_that_no_entity_goes_on_before_it_began(values_WC: np.ndarray) -> None:  # type: ignore[type-arg]
    def sums(tags: tuple[int, ...]) -> float:
        return float(values_WC[range(len(tags)), tags].sum())

    whole = [
        tags
        for tags in product(range(5), repeat=len(values_WC))
        if all(tag in (0, 1, 3) or before in (tag - 1, tag) for before, tag in zip((0, *tags), tags, strict=False))
    ]
    found = tuple(likeliest_tags(values_WC))
    assert found in whole and sums(found) == max(map(sums, whole))


def test_a_words_first_token_speaks_for_it_and_no_token_for_two() -> None:
    words = words_of("the 37°C bath")
    offsets = [(0, 0), (0, 3), (4, 6), (6, 8), (9, 11), (11, 13), (0, 0)]
    assert first_tokens(words=words, offsets=offsets) == [1, 2, 3, -1, 4]


def test_what_is_cut_off_has_no_place() -> None:
    assert first_tokens(words=words_of("one two three four"), offsets=[(0, 0), (0, 3), (4, 7), (0, 0)]) == [1, 2]


def test_a_cut_text_misses_the_entities_that_nobody_saw() -> None:
    text, gold = "one two three", spans_to_json([Span(0, 3, "a"), Span(8, 13, "a")])
    rows = rows_with([gold], texts=[text])
    outputs = ModelOutputs.one_per_row(torch.eye(7)[[1]].numpy())
    predicted = learner_of(ENTITIES).decode(outputs=outputs, rows=rows, labels=LABELS)
    assert predicted == [spans_to_json([Span(0, 3, "a")])]
    totals = ENTITIES.tally(rows=rows, predicted=predicted, labels=LABELS).totals()
    assert ENTITIES.score(totals_RK=totals)["micro_f1"][0] == pytest.approx(2 / 3)


def test_output_that_is_no_number_is_no_answer_but_a_word_unseen_is() -> None:
    values = torch.eye(7)[[1, 0, 0, 1]]
    values[1], values[2] = UNSEEN, float("nan")
    outputs = ModelOutputs(values_UC=values.numpy(), bounds=torch.tensor([0, 2, 4]).numpy())
    rows = rows_with(["[]", "[]"], texts=["x y", "x y"])
    assert learner_of(ENTITIES).decode(outputs=outputs, rows=rows, labels=LABELS) == [
        spans_to_json([Span(0, 3, "a")]),
        None,
    ]


def test_many_flags_in_a_row_are_a_word_each() -> None:
    text = "🇩🇪🇫🇷🇮🇹" * 4_000 + "🇪"
    words = words_of(text)
    assert len(words) == len(words_of(text, "character")) == 12_001
    assert [(word.start, word.end) for word in words[:2]] == [(0, 2), (2, 4)]
