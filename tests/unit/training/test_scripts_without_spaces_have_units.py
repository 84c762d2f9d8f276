"""Entities of texts without spaces, with combining marks, and within words can be tagged and read back."""

import re
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_runs import rows_with
from training.answers import Span, chosen_segmentation, first_tokens, num_lost, spans_from_json, spans_to_json, words_of
from training.data import ModelOutputs, Units
from training.learners import learner_of
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
LABELS = ["Person", "Branch"]
PATTERNS = ("{name}さんは{branch}で働いています", "昨日{name}さんが{branch}に来ました", "{branch}の{name}さんに電話")
# As words were found when nothing but letters, digits and signs was told apart.
LETTERS_DIGITS_SIGNS = re.compile(r"[^\W\d_]+|\d+|_|[^\w\s]")


def marked(text: str, *parts: str) -> str:
    return spans_to_json(Span(text.index(part), text.index(part) + len(part), "Person") for part in parts)


def japanese() -> list[tuple[str, str]]:
    rows = []
    for pattern, name, branch in product(PATTERNS, ("木村", "田中"), ("大阪支店", "名古屋支店")):
        text = pattern.format(name=name, branch=branch)
        starts = {text.index(part): (part, label) for part, label in ((name, "Person"), (branch, "Branch"))}
        rows.append((text, spans_to_json(Span(at, at + len(part), label) for at, (part, label) in starts.items())))
    return rows


def read_back(text: str, gold: str, segmentation: str = "word") -> str | None:
    """Decode what perfect tags for the gold say."""
    task_type = ENTITIES.segmented(segmentation)
    units = Units.of_words([list(range(len(words_of(text, segmentation))))])
    rows = rows_with([gold], texts=[text])
    learner = learner_of(task_type)
    targets = learner.targets(rows=rows, units=units, labels=LABELS)
    logits = torch.nn.functional.one_hot(targets, 1 + 2 * len(LABELS)).float().numpy()
    return learner_of(task_type).decode(
        outputs=ModelOutputs(values_UC=logits, bounds=units.bounds()), rows=rows, labels=LABELS
    )[0]


@pytest.mark.parametrize(("text", "gold"), japanese())
def test_perfect_tags_of_japanese_names_give_the_gold(text: str, gold: str) -> None:
    assert read_back(text, gold) == gold


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("ผมอยู่กรุงเทพมหานครครับ", "กรุงเทพมหานคร"),
        ("서울에서 만나요", "서울"),
        ("ខ្ញុំនៅភ្នំពេញ", "ភ្នំពេញ"),
        ("मैं दिल्ली में हूँ", "दिल्ली"),
        ("ｶﾞｿﾘﾝを買う", "ｶﾞｿﾘﾝ"),
    ],
)
def test_other_scripts_are_read_back_too(text: str, part: str) -> None:
    assert read_back(text, marked(text, part)) == marked(text, part)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("e\u0301te\u0301 été", ["e\u0301te\u0301", "été"]),
        ("👩\u200d🔬🇩🇪!", ["👩\u200d🔬", "🇩🇪", "!"]),
        ("第3回ABC大会", ["第", "3", "回", "ABC", "大", "会"]),
    ],
)
def test_marks_stay_with_their_letters(text: str, words: list[str]) -> None:
    assert [text[word.start : word.end] for word in words_of(text)] == words


@given(st.text(alphabet="aßéФдΩµ²½7٣ .,°_-%'\"()[]{}\t\n™→", max_size=60))
def test_words_of_spaced_text_are_what_they_were(text: str) -> None:
    assert [tuple(word) for word in words_of(text)] == [match.span() for match in LETTERS_DIGITS_SIGNS.finditer(text)]


COMPOUNDS = [("Das Krankenhausbett ist frei", "Krankenhaus"), ("Ein Hafenkran steht dort", "Hafen")]


@pytest.mark.parametrize(("text", "part"), COMPOUNDS)
def test_parts_of_compounds_are_lost_to_words_and_found_by_characters(text: str, part: str) -> None:
    gold = marked(text, part)
    assert read_back(text, gold) != gold
    assert read_back(text, gold, "character") == gold


def test_characters_are_chosen_where_people_mark_parts_of_words() -> None:
    texts, answers = [text for text, _ in COMPOUNDS], [marked(text, part) for text, part in COMPOUNDS]
    assert chosen_segmentation(texts=texts, answers=answers) == "character"


def test_a_slip_of_the_hand_leaves_words() -> None:
    texts = [COMPOUNDS[0][0], *["Das Bett ist frei"] * 30]
    answers = [marked(*COMPOUNDS[0]), *[marked("Das Bett ist frei", "Bett")] * 30]
    assert chosen_segmentation(texts=texts, answers=answers) == "word"


def test_a_token_that_reaches_over_the_end_of_a_span_hides_it() -> None:
    text = "木村さん"
    words, spans = words_of(text), spans_from_json(marked(text, "木村"))
    for offsets, lost in (([(0, 0), (0, 1), (1, 2), (2, 4)], 0), ([(0, 0), (0, 3), (3, 4)], 1)):
        positions = first_tokens(words=words, offsets=offsets)
        assert num_lost(spans=spans, words=words, positions=positions) == lost
