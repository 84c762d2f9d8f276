from pathlib import Path

import pytest

from tests.tiny_runs import ANSWERS, EVERY_LABELLED_TYPE, TEXTS
from tests.tiny_t5 import tiny_t5_tokenizer
from training.models import AnswerCodec
from training.models.answer_codec import LabelUnwritable
from training.tasks import TASK_TYPES, TaskType

TEXT, ENTITIES = "a sad film and a sad day", TASK_TYPES["entity_extraction"]
NAMES = {"a": "a", "b": "b", "a;b": "a;b", "twowords": "two words"}


def codec(task_type: TaskType, *labels: str, words: tuple[str, ...] = ()) -> AnswerCodec:
    return AnswerCodec(
        task_type=task_type, tokenizer=tiny_t5_tokenizer(words), labels=labels, max_length=32, vocab_size=100
    )


@EVERY_LABELLED_TYPE
@pytest.mark.parametrize("words", [(), ("good", "movie", "bad", "sad film")])
def test_what_is_written_is_read_as_the_same_answer(task_type: TaskType, words: tuple[str, ...]) -> None:
    scribe = codec(task_type, "a", "b", "c", words=words)
    answers = ANSWERS[task_type.name]
    tokens = scribe.tokens(answers=answers, texts=TEXTS)
    assert [scribe.read(tokens=ids, text=text) for ids, text in zip(tokens, TEXTS, strict=True)] == answers
    assert all(ids[-1] == scribe.tokenizer.eos_token_id for ids in tokens)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text_classification", "a b"),
        ("text_classification", ""),
        ("pair_classification", "c"),
        ("multi_label_classification", "a b"),
        ("multi_label_classification", "a;"),
        ("entity_extraction", "sad film"),
        ("entity_extraction", "[a]"),
        ("entity_extraction", "film [z]"),
        ("entity_extraction", "film [a] sun [a]"),
    ],
)
def test_other_text_is_no_answer(name: str, said: str) -> None:
    assert TASK_TYPES[name].from_text(generated=said, text=TEXT, names=NAMES) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [("", "[]"), ("b; a", '["a", "b"]'), ("a;b; a", '["a", "a;b"]'), ("two words", '["two words"]')],
)
def test_labels_are_read_in_any_order(said: str, expected: str) -> None:
    assert TASK_TYPES["multi_label_classification"].from_text(generated=said, text=TEXT, names=NAMES) == expected


@pytest.mark.parametrize("said", ["sad [a] sad day [two words]", "sad[ a ]sadday [twowords]"])
def test_entities_are_found_in_their_order(said: str) -> None:
    expected = '[{"start": 2, "end": 5, "label": "a"}, {"start": 17, "end": 24, "label": "two words"}]'
    assert ENTITIES.from_text(generated=said, text=TEXT, names=NAMES) == expected


def test_a_tokenizer_that_knows_small_letters_finds_capitals() -> None:
    assert ENTITIES.from_text(generated="sad [a]", text="Sad", names=NAMES) == '[{"start": 0, "end": 3, "label": "a"}]'


@EVERY_LABELLED_TYPE
def test_labels_that_a_tokenizer_cannot_tell_apart_are_refused(task_type: TaskType) -> None:
    with pytest.raises(LabelUnwritable, match="other names"):
        codec(task_type, "Ä", "Ö")


def test_an_answer_is_cut_where_no_text_of_that_length_needs_more(tmp_path: Path) -> None:
    scribe = AnswerCodec(
        task_type=ENTITIES, tokenizer=tiny_t5_tokenizer(()), labels=("a",), max_length=4, vocab_size=100
    )
    spans = '[{"start": 0, "end": 24, "label": "a"}]'
    assert len(scribe.tokens(answers=[spans], texts=[TEXT])[0]) == scribe.max_tokens == 8
