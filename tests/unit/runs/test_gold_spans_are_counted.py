"""Gold spans that can never be found are counted from texts, spans and a tokenizer file alone."""

import json
from pathlib import Path

import pytest

from runs.preflight.gold_spans import Reader, count_spans
from tests.tiny_model import write_tiny_model


def spans(*parts: tuple[int, int], label: str = "City") -> str:
    return json.dumps([{"start": start, "end": end, "label": label} for start, end in parts])


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path) / "tokenizer.json"


def test_a_part_of_a_word_is_lost_to_words_and_found_by_characters() -> None:
    texts, answers = ["moonlight"], [spans((0, 4))]
    lost = count_spans(texts=texts, answers=answers, reader=Reader(segmentation="word", tokenizer=None, max_length=64))
    found = count_spans(
        texts=texts, answers=answers, reader=Reader(segmentation="character", tokenizer=None, max_length=64)
    )
    assert (lost.num_spans, lost.num_lost, lost.num_within) == (1, 1, 1)
    assert found.num_lost == 0


def test_what_lies_behind_the_last_token_is_lost(tokenizer: Path) -> None:
    reader = Reader(segmentation="word", tokenizer=tokenizer, max_length=5)
    count = count_spans(texts=["the sun and the moon"], answers=[spans((0, 3), (16, 20))], reader=reader)
    assert (count.num_lost, count.num_within, count.num_hidden) == (1, 0, 1)


def test_a_token_for_several_characters_hides_where_a_span_ends(tokenizer: Path) -> None:
    # The tiny tokenizer knows no kana, and has one token for a run of them.
    reader = Reader(segmentation="word", tokenizer=tokenizer, max_length=32)
    assert count_spans(texts=["さくらです"], answers=[spans((0, 3))], reader=reader).num_hidden == 1
    assert count_spans(texts=["東京です"], answers=[spans((0, 2))], reader=reader).num_lost == 0


def test_a_tokenizer_file_that_cannot_be_read_counts_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    reader = Reader(segmentation="word", tokenizer=tmp_path / "tokenizer.json", max_length=32)
    assert count_spans(texts=["in Oslo"], answers=[spans((3, 7))], reader=reader).num_lost == 0


@pytest.mark.parametrize(
    ("text", "answer", "lost"),
    [
        ("May said in May", spans((12, 15)), 0),
        ("the [City] sign", spans((4, 10)), 0),
        ("a [City] [City] b", spans((2, 15)), 0),
    ],
)
def test_what_a_text_to_text_student_writes_is_read_back(text: str, answer: str, lost: int) -> None:
    reader = Reader(segmentation="word", tokenizer=None, max_length=32, labels=("City", "Month"))
    assert count_spans(texts=[text], answers=[answer], reader=reader).num_lost == lost
