"""What no check before the start can know, or what came past it, ends in the real trainer: said, paid and over."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from safetensors.torch import load_file, save_file

from config.refusals import Refusal
from runs.control import start_annotate, starting
from runs.models import Artifact, Ending, Run, RunState
from runs.requests import RunPlan
from studies.editing import StudyInvalid
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.runs.world import finish_all, in_state, is_reconciled
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game")]
ANSWERS = ["good"] * 4 + ["bad"] * 4
SPANS = json.dumps([{"start": 0, "end": 7, "label": "good"}, {"start": 2, "end": 9, "label": "bad"}])
PLAN = RunPlan(
    num_seeds=1, recipe="finetune", steps=4, learning_rates=(1e-3,), batch_size=4, max_length=16, max_minutes=5
)


def cut_short(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def without_pad_token(model: Path) -> None:
    config = json.loads((model / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (model / "tokenizer_config.json").write_text(json.dumps(config))


def out_of_numbers(model: Path) -> None:
    """Weights so large that their products are infinite, as a training leaves them that went astray."""
    weights = {name: tensor * 1e30 for name, tensor in load_file(model / "model.safetensors").items()}
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A good study with one thing wrong, and the words of the message: what, where and how to mend it."""

    says: tuple[str, ...]
    pool: tuple[list[str], list[str]] = (TEXTS, ANSWERS)
    fields: dict[str, Any] = field(default_factory=dict)
    harm: Callable[[Path], None] | None = None


CASES = {
    "one class only": Case(
        pool=(TEXTS, ["good"] * 8), says=("data.train: all 8 examples are labelled 'good'", "Label examples of another")
    ),
    "an empty text": Case(
        pool=([*TEXTS[:7], " \n"], ANSWERS), says=("data.train: example", "empty text", "Remove the example or fill it")
    ),
    "overlapping spans": Case(
        pool=(TEXTS, [SPANS] * 8),
        fields={"task_type": "entity_extraction"},
        says=("data.train: example", "0 to 7 (good) and 2 to 9 (bad)", "Keep one of them"),
    ),
    "a corrupt checkpoint": Case(harm=cut_short, says=("/tiny cannot be loaded", "Save it again with save_pretrained")),
    "a model with no pad token": Case(harm=without_pad_token, says=("/tiny", "no pad token", "Set one and save")),
    "a loss that is no number": Case(harm=out_of_numbers, says=("not finite at step 1", "Take another")),
}


@pytest.fixture
def make_run(
    transactional_db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Case], Run]:
    """Start a run past the checks before it, which refuse some of this sooner."""
    settings.ROOT, settings.RUN_THREADS = ROOT, 1
    monkeypatch.setattr(starting, "refuse", lambda findings: None)

    def make(case: Case) -> Run:
        model = write_tiny_model(tmp_path / "tiny")
        if case.harm is not None:
            case.harm(model)
        reference = {"source": "folder", "name": str(model), "revision": None}
        study = factories.study(student_model=reference, teacher_model=reference, **case.fields)
        texts, labels = case.pool
        factories.examples(study, texts, labels=labels)
        unharmed = "[]" if case.fields else "good"
        factories.examples(study, [f"{text} in the sun" for text in TEXTS], split=Split.TEST, labels=[unharmed] * 8)
        return start_annotate(actor=study.created_by, study=study, plan=PLAN)

    return make


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_says_what_is_wrong_pays_for_what_it_used_and_is_over(
    make_run: Callable[[Case], Run], case: Case
) -> None:
    run = make_run(case)

    finish_all()

    assert in_state(run, RunState.FAILED)
    assert all(words in run.error for words in case.says), run.error
    attempt = run.attempts.get()
    assert attempt.ending == Ending.FAILED
    assert attempt.entry is not None and attempt.entry.amount > 0
    assert leaves_nothing(run)
    assert is_reconciled(run.study)


def leaves_nothing(run: Run) -> bool:
    made = ("artifact", "result.json", "checkpoint", "trials")
    registered = Artifact.objects.filter(run=run).exists()
    return not registered and not any((run.folder / name).exists() for name in made)


def test_a_text_of_a_hundred_thousand_characters_is_cut_to_what_the_model_reads(
    make_run: Callable[[Case], Run],
) -> None:
    run = make_run(Case(pool=([*TEXTS[:7], "awful match " * 8_400], ANSWERS), says=()))

    finish_all()

    assert in_state(run, RunState.SUCCEEDED), run.error
    assert is_reconciled(run.study)


@pytest.mark.django_db
def test_ten_thousand_classes_are_refused_with_their_number() -> None:
    with pytest.raises(StudyInvalid, match="between 2 and 1000 are needed, 10000 given"):
        factories.study(labels=[f"class {number}" for number in range(10_000)])


@pytest.mark.django_db
def test_three_labels_are_too_few_to_start_with() -> None:
    study: Study = factories.study()
    factories.examples(study, TEXTS[:3], labels=["good", "bad", "good"])
    factories.examples(study, ["a sad moon"], split=Split.TEST, labels=["bad"])
    with pytest.raises(Refusal, match="3 labels would be trained on; at least 4 are needed"):
        start_annotate(actor=study.created_by, study=study, plan=PLAN)
    assert not Run.objects.exists() and not study.budget.holds.exists()
