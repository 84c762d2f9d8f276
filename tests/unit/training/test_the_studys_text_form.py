import pytest

from tests.tiny_runs import rows_with
from training.answers import Span, align_target, spans_to_json
from training.answers.kang2023 import target_text
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
LABELS = ["Amount", "Action", "Reagent"]
TEXT = "Add 5 mL of cold water to the water bath."
SPANS = [Span(0, 3, "Action"), Span(4, 8, "Amount"), Span(12, 22, "Reagent")]


def compat(gold: list[Span], predicted: list[Span] | None) -> float:
    rows = rows_with([spans_to_json(gold)], texts=[TEXT])
    said = None if predicted is None else spans_to_json(predicted)
    totals = ENTITIES.tally(rows=rows, predicted=[said], labels=LABELS).totals()
    return float(ENTITIES.score(totals_RK=totals)["compat_f1"][0])


def test_entities_are_written_in_the_order_of_the_text() -> None:
    assert target_text(text=TEXT, spans=SPANS) == "Add [Action] 5 mL [Amount] cold water [Reagent]"


def test_what_is_written_is_found_again() -> None:
    found = align_target(text=TEXT, target=target_text(text=TEXT, spans=SPANS), labels=LABELS)
    assert (found.spans, found.lost) == (SPANS, [])


def test_words_may_be_written_apart_or_together() -> None:
    assert align_target(text="take 5mL", target="5 mL [Amount]", labels=LABELS).spans == [Span(5, 8, "Amount")]


def test_an_earlier_like_word_is_passed_over_where_order_asks_for_it() -> None:
    found = align_target(text=TEXT, target="5 mL [Amount] water [Reagent] water bath [Reagent]", labels=LABELS)
    assert [TEXT[s.start : s.end] for s in found.spans] == ["5 mL", "water", "water bath"]
    assert found.spans[1].start < found.spans[2].start


def test_a_whole_word_is_taken_before_a_part_of_one() -> None:
    assert align_target(text="addition: add", target="add [Action]", labels=LABELS).spans == [Span(10, 13, "Action")]


def test_what_is_not_in_the_source_is_reported_and_the_rest_found() -> None:
    found = align_target(text=TEXT, target="Mix [Action] cold water [Reagent]", labels=LABELS)
    assert (found.spans, found.lost) == ([SPANS[2]], ["Mix"])


def test_brackets_that_are_no_label_are_words() -> None:
    assert align_target(text="see [1] here", target="[1] here [Action]", labels=LABELS).spans == [Span(4, 12, "Action")]


def test_an_empty_target_has_no_entities() -> None:
    assert align_target(text=TEXT, target="", labels=LABELS).spans == []


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (SPANS, 1.0),
        ([], 1 / 3),
        (None, 1 / 3),
        ([Span(0, 3, "Reagent"), *SPANS[1:]], 2 / 3),
        ([*SPANS, Span(30, 40, "Amount")], 1.0),
        ([SPANS[0], Span(12, 22, "Action")], 2 / 3),
    ],
)
def test_the_studys_scorer_asks_for_each_rest_and_takes_what_is_absent_for_an_amount(
    predicted: list[Span] | None, expected: float
) -> None:
    assert compat(SPANS, predicted) == pytest.approx(expected)


def test_entities_of_one_word_are_all_one_to_the_studys_scorer() -> None:
    gold = [Span(0, 3, "Action"), Span(30, 35, "Reagent")]
    assert compat(gold, [Span(0, 3, "Reagent")]) == 1.0
