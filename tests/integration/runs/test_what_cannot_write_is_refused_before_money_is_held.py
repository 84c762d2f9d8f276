from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest

from budgets.models import Path
from planning.footprint import num_parameters
from runs.checkpoints import shape_of
from runs.preflight import CheckLevel, preflight
from runs.preflight.model_checks import _needs
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs
from studies.models import Split, Study
from tests import factories
from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import write_tiny_model
from tests.tiny_t5 import write_tiny_t5

pytestmark = pytest.mark.django_db
PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


@pytest.fixture
def study(tmp_path: FilePath) -> Study:
    model = {"source": "folder", "name": str(write_tiny_llama(tmp_path / "llama")), "revision": None}
    made = factories.study(task_type="text_generation", labels=(), student_model=model, teacher_model=model)
    for split in (Split.POOL, Split.TEST):
        texts = [f"{split} text {number}" for number in range(6)]
        factories.examples(made, texts, split=split, labels=['["good"]', '["bad"]'] * 3)
    factories.examples(made, [f"unlabelled {number}" for number in range(6)])
    return made


def said(study: Study, *, num_labels: int | None = None, path: Path = Path.DISTIL, **plan: Any) -> dict[str, str]:
    """What the checks say, by topic, refusals with a mark before them."""
    request = RunRequest(
        study=study,
        path=path,
        plan=replace(PLAN, **plan),
        num_labels=num_labels,
        num_unlabelled=6 * (path == Path.DISTIL),
    )
    results = preflight(chain_of(request=request, inputs=count_inputs(request)))
    return {one.topic: ("! " if one.level == CheckLevel.REFUSED else "") + one.text for one in results}


def test_what_suits_is_told(study: Study) -> None:
    found = said(study)
    assert found["Writing"] == "Answers have at most 64 tokens; longer ones are cut and counted."
    assert found["Vocabulary"].endswith("it distils on how likely each token of the teacher's answers was.")
    assert said(study, distil_from="answers")["Vocabulary"].endswith(
        "it distils on the teacher's written answers alone."
    )
    assert not any(text.startswith("!") for text in found.values())
    assert said(study, adapter_rank=4).keys() == found.keys()


def test_a_student_may_learn_from_what_it_writes_where_the_teacher_has_its_tokens(
    study: Study, tmp_path: FilePath
) -> None:
    plain, found = said(study, answer_length=8), said(study, answer_length=8, distil_from="on_policy")
    assert found["Vocabulary"].endswith(
        "token of the teacher's answers was, and in 50% of the steps of the student's own."
    )
    assert found.keys() == plain.keys() and not any(text.startswith("!") for text in found.values())
    study.teacher_model = {"source": "folder", "name": str(write_tiny_t5(tmp_path / "t5")), "revision": None}
    told = said(study, distil_from="on_policy")["Vocabulary"]
    assert told.startswith("! distil from: student and teacher have different vocabularies") and "one tokenizer" in told


def test_a_teacher_beside_its_student_takes_memory_too(study: Study) -> None:
    request = RunRequest(study=study, path=Path.DISTIL, plan=PLAN, num_unlabelled=6)
    own = replace(request, plan=replace(PLAN, distil_from="on_policy"))
    alone, beside = (_needs(chain_of(request=one, inputs=count_inputs(one)))["student"] for one in (request, own))
    shape = shape_of(study.teacher_model)
    assert shape is not None and beside.fixed - alone.fixed == 4 * num_parameters(shape)


def test_a_model_that_only_reads_writes_nothing(study: Study, tmp_path: FilePath) -> None:
    encoder = write_tiny_model(tmp_path / "bert")
    study.student_model = {"source": "folder", "name": str(encoder), "revision": None}
    assert said(study)["Writing"].startswith(f"! The student {encoder} reads texts and cannot write any.")


@pytest.mark.parametrize(
    ("plan", "topic", "words"),
    [
        ({"recipe": "probe"}, "Writing", "makes a head for labels"),
        ({"untrained_teacher": True, "teacher_steps": None}, "Writing", "Have the teacher fine-tuned"),
        ({"filter": "confidence"}, "Writing", "Give the share of them to keep"),
        ({"answer_length": 100}, "Writing", "reads 128 tokens; max length and answer length come to 164"),
        ({"distil_from": "vectors"}, "Vectors", "there is no vector of them"),
        ({"on_policy_share": 0.2, "distil_from": "on_policy", "recipe": "probe"}, "Writing", "makes a head for labels"),
        ({"adapter_rank": 4, "frozen_layers": 1}, "Adapters", "Leave frozen layers at 0"),
    ],
)
def test_what_only_labels_have_is_refused(study: Study, plan: dict[str, Any], topic: str, words: str) -> None:
    told = said(study, **plan)[topic]
    assert told.startswith("! ") and words in told


def test_a_metric_needs_the_checkpoint_that_measures_it(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Metric" not in said(study)
    study.metric = "bert_ibleu"
    assert said(study)["Metric"].endswith("(BERT-iBLEU) is measured by package:all-MiniLM-L6-v2, which is here.")
    monkeypatch.setattr("runs.preflight.model_checks.is_installed", lambda requirement: False)
    told = said(study)["Metric"]
    assert told.startswith("! all-MiniLM-L6-v2, which measures BERTScore") and "Install it: pip install" in told


def test_nothing_is_written_without_labels(study: Study) -> None:
    for path in (Path.ANNOTATE, Path.DISTIL):
        assert "nothing else says what is to be written" in said(study, num_labels=0, path=path)["Labels"]
