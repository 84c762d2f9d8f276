import json
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest

from budgets.models import Path
from runs.checkpoints import answered_as
from runs.preflight import CheckLevel, preflight
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs
from studies.models import Split, Study
from tests import factories
from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.django_db
PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1, max_length=32)
ANSWERS = [json.dumps(["sun"]), json.dumps(["rain", "the rain"])] * 3


@pytest.fixture
def study(tmp_path: FilePath) -> Study:
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "bert")), "revision": None}
    made = factories.study(task_type="question_answering", labels=(), student_model=model, teacher_model=model)
    for split in (Split.POOL, Split.TEST):
        factories.examples(made, [f"{split} {number}" for number in range(6)], split=split, labels=ANSWERS)
    factories.examples(made, [f"unlabelled {number}" for number in range(6)])
    give_passages(made, "the {} and the sun and the rain")
    return made


def give_passages(study: Study, passage: str) -> None:
    for number, example in enumerate(study.examples.order_by("pk")):
        asked = example.fields.get("text") or example.fields["question"]
        example.fields = {"question": asked, "passage": passage.format(number)}
        example.save(update_fields=["fields"])


def said(study: Study, **plan: Any) -> list[str]:
    """What the checks of marking say, refusals with a mark before them."""
    request = RunRequest(study=study, path=Path.DISTIL, plan=replace(PLAN, **plan), num_labels=None, num_unlabelled=6)
    results = preflight(chain_of(request=request, inputs=count_inputs(request)))
    marks = {CheckLevel.REFUSED: "! ", CheckLevel.WARNING: "? "}
    topics = ("Marking", "Writing", "Vocabulary", "Vectors")
    return [marks.get(one.level, "") + one.text for one in results if one.topic in topics]


def test_encoders_mark_answers_where_questions_have_passages(study: Study) -> None:
    marking, vocabulary = said(study)
    assert marking == (
        "Answers of at most 64 tokens are marked in the passage. A question and its passage of more than 32 tokens are "
        "read in overlapping windows."
    )
    assert vocabulary.endswith("it distils on how likely an answer starts and ends at each token.")
    assert not answered_as(study=study, reference=study.student_model).is_written


def test_questions_without_passages_need_a_model_that_writes(study: Study) -> None:
    give_passages(study, "")
    assert said(study)[0] == (
        f"! {study.teacher_model['name']} reads texts and marks answers in their passage, and no question here has "
        "one. Choose a text-to-text model such as T5, or a decoder such as SmolLM2."
    )


def test_answers_that_are_not_in_their_passage_are_counted(study: Study) -> None:
    give_passages(study, "the {} and the sun")
    training, test, *_ = said(study)
    assert training == (
        "? 3 of 6 training answers are not in their passage word for word: they are left out of the training."
    )
    assert test.startswith("? 3 of 6 test answers") and test.endswith("no model that marks can give them.")
    give_passages(study, "nothing")
    assert said(study)[0].startswith("! 6 of 6 training answers are not in their passage word for word: nothing can")


def test_one_that_writes_teaches_none_that_marks(study: Study, tmp_path: FilePath) -> None:
    llama = write_tiny_llama(tmp_path / "llama")
    study.teacher_model = {"source": "folder", "name": str(llama), "revision": None}
    assert "neither learns from the other. Choose two encoders, or two models that write." in said(study)[0]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"distil_from": "answers"}, "Distil from soft labels"),
        ({"distil_from": "on_policy"}, "Distil from soft labels"),
        ({"num_answers": 2}, "a passage is marked once"),
        ({"distil_from": "vectors"}, "there is no vector of them"),
        ({"recipe": "probe"}, "makes a head for labels"),
    ],
)
def test_what_only_writers_or_labels_have_is_refused(study: Study, plan: dict[str, Any], words: str) -> None:
    assert any(text.startswith("! ") and words in text for text in said(study, **plan))
