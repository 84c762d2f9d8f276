import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from training.answers import Rows, normalised, rouge_l
from training.tasks import TASK_TYPES

WRITTEN = ("the cat sat on the mat", "I am here , he said .", "no", "colourless green ideas sleep")
REFERENCES = (
    ("the cat sat on a mat", "a cat was sitting on the mat"),
    ("I'm here, he said.",),
    ("no, thanks", "no", "nope"),
    ("colorless green ideas sleep furiously", "green ideas sleep"),
)
SOURCES = ("the cat sat down", "he said he was here", "do you want it?", "what do ideas do?")


def scores(
    name: str, *, answers: Sequence[str | None], accepted: Sequence[Sequence[str]], rows: Sequence[int] = ()
) -> dict[str, float]:
    """Score answers; those of `rows`, which may name one twice, or all."""
    definition = TASK_TYPES[name]
    columns = {field: list(SOURCES[: len(answers)]) for field in definition.input_fields}
    gold = [json.dumps(list(texts)) for texts in accepted]
    predicted = [None if text is None else json.dumps([text]) for text in answers]
    uids = [str(number) for number in range(len(gold))]
    tally = definition.tally(rows=Rows(uids=uids, columns=columns, gold=[*gold]), predicted=predicted, labels=[])
    weights = np.bincount(rows or range(len(gold)), minlength=len(gold))
    return {name: float(value[0]) for name, value in definition.score(totals_RK=tally.totals(weights[None])).items()}


def by_place(references: Sequence[Sequence[str]]) -> Any:
    """Lists of first references, second ones, and so on, as sacrebleu takes them."""
    most = max(map(len, references))
    return [[one[place] if place < len(one) else None for one in references] for place in range(most)]


@pytest.mark.parametrize("rows", [(0, 1, 2, 3), (1, 1, 3, 0), (2, 0, 0, 0)])
def test_any_resample_has_the_bleu_and_chrf_that_sacrebleu_gives_it(rows: tuple[int, ...]) -> None:
    found = scores("text_generation", answers=WRITTEN, accepted=REFERENCES, rows=rows)
    written, references = [WRITTEN[row] for row in rows], by_place([REFERENCES[row] for row in rows])
    assert found["bleu"] == pytest.approx(BLEU(force=True).corpus_score(written, references).score / 100)
    assert found["chrf"] == pytest.approx(CHRF().corpus_score(written, references).score / 100)
    sources = [[SOURCES[row] for row in rows]]
    assert found["not_copied"] == pytest.approx(1 - BLEU(force=True).corpus_score(written, sources).score / 100)


def test_a_copied_source_is_worth_nothing_where_copying_counts() -> None:
    found = scores("text_generation", answers=SOURCES, accepted=[[text] for text in SOURCES])
    assert found["bleu"] == pytest.approx(1) and found["not_copied"] == found["harmonic_ibleu"] == pytest.approx(0)


def test_what_is_copied_weighs_a_fifth_as_in_bert_ibleu() -> None:
    found = scores("text_generation", answers=WRITTEN, accepted=REFERENCES)
    assert found["harmonic_ibleu"] == pytest.approx(5 / (4 / found["bleu"] + 1 / found["not_copied"]))


def test_texts_shorter_than_four_words_have_a_bleu() -> None:
    assert scores("text_generation", answers=["no", "yes it is"], accepted=[["no"], ["yes it is"]])["bleu"] == 1


@pytest.mark.parametrize(
    ("written", "reference", "f1"),
    [
        # The examples of the rouge-score package.
        ("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog", 2 * 5 / 17),
        ("testing two", "testing one two", 0.8),
        # Lin (2004), section 3: of two candidates the one in the reference's order.
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("", "", 0.0),
        ("...", "a", 0.0),
        ("Зелёный ДОМ", "зелёный дом", 1.0),
    ],
)
def test_rouge_l_is_that_of_its_published_examples(written: str, reference: str, f1: float) -> None:
    assert rouge_l(written=written, references=["zzz", reference]) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "accepted", "exact", "f1"),
    [
        ("The  Eiffel-Tower!", ["eiffeltower"], 1, 1),
        ("an apple a day", ["the apple", "day apple"], 0, 1),
        ("in the year 1912", ["1912", "April 1912"], 0, 0.5),
        ("to to be", ["to be be"], 0, 2 / 3),
        ("theatre", ["atre"], 0, 0),
        ("the", ["The!"], 1, 1),
        ("the", ["no"], 0, 0),
        (None, ["no"], 0, 0),
    ],
)
def test_answers_count_by_the_rules_of_squads_script(
    answer: str | None, accepted: list[str], exact: float, f1: float
) -> None:
    found = scores("question_answering", answers=[answer], accepted=[accepted])
    assert found == {"exact_match": exact, "f1": pytest.approx(f1)}


def test_articles_go_after_punctuation_as_in_squads_script() -> None:
    assert normalised("A.B. the\u00a0end, (a) an-other “the”") == "ab end another “ ”"
