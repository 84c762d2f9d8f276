import json

import pytest

from tests.tiny_runs import TEXT, rows_with
from training.answers import NO_MATCH, baselines, memorised_spans, nearest_texts
from training.answers.baselines import FEW_TEXTS
from training.evaluation.metrics import baseline_scores
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]


def spans(text: str, **labels: str) -> str:
    """Give the answer in which these words of a text are entities."""
    starts = {word: text.index(word) for word in labels}
    found = [{"start": starts[word], "end": starts[word] + len(word), "label": labels[word]} for word in labels]
    return json.dumps(found)


def test_the_training_text_with_the_rarest_words_in_common_is_found() -> None:
    train = ["the red car", "the blue car", "the red moon and the star"]
    assert nearest_texts(train=train, test=["A RED moon!", "a blue thing"]) == [2, 1]


def test_of_equally_similar_texts_the_first_is_taken() -> None:
    assert nearest_texts(train=["a car", "car a"], test=["car"]) == [0]


def test_a_text_that_is_like_none_is_told() -> None:
    assert nearest_texts(train=["a car"], test=["the moon", "?!"]) == [NO_MATCH, NO_MATCH]


def test_words_that_stand_everywhere_are_not_looked_up() -> None:
    train = [f"the number {row}" for row in range(2 * FEW_TEXTS)]
    assert nearest_texts(train=train, test=["the 17", "the number"]) == [17, NO_MATCH]


def test_the_copied_answer_is_scored_beside_the_others() -> None:
    train = rows_with(["a", "b", "b"], texts=["good movie", "bad movie", "sad film"])
    test = rows_with(["a", "b", "b"], texts=["a good film", "so sad", "unheard of"])
    found = baseline_scores(task_type=TEXT, train=train, test=test, labels=["a", "b"], metric="accuracy")
    assert found["copy"] == {"label": "most similar training text", "value": 1.0}


def test_of_too_many_training_texts_some_are_compared_and_the_label_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MOST_COMPARED", 6)
    train = rows_with([*"abcde"], texts=["one", "two", "three", "four", "five"])
    test = rows_with(["a", "e"], texts=["one", "five"])
    found = TEXT.baselines(train=train, test=test, labels=[*"abcde"])["copy"]
    assert (found.predicted, found.label) == (["a", "e"], "most similar training text, 3 of 5 compared")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Mix new SALT in", {"new SALT": "What"}), ("salt", {"salt": "What"}), ("some water", {}), ("add acid", {})],
)
def test_what_always_was_the_same_entity_is_marked_the_longest_first(text: str, expected: dict[str, str]) -> None:
    train = ["new salt", "salt and acid", "acid", "a lot"]
    both = spans(train[1], salt="What", acid="What")
    gold = [spans("new salt", **{"new salt": "What"}), both, spans("acid", acid="How"), "[]"]
    assert memorised_spans(train=train, train_gold=gold, test=[text]) == [spans(text, **expected)]


def test_without_entities_nothing_is_marked() -> None:
    assert memorised_spans(train=["a b"], train_gold=["[]"], test=["a b"]) == ["[]"]
