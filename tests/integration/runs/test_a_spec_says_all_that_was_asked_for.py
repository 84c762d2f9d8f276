from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from runs.control import start_annotate, start_distil
from runs.execution import write_run_folder
from runs.models import Artifact, ArtifactKind, Run, RunKind
from runs.requests import RunPlan
from studies.models import Example, Split, Study
from training.contract import SPEC_FILE
from training.runtime import read_json
from training.spec import RunSpec

pytestmark = pytest.mark.django_db
RATES: dict[str, Any] = {"learning_rates": (1e-3, 1e-4), "teacher_learning_rates": (1e-3, 2e-3)}


def spec_of(run: Run) -> dict[str, Any]:
    folder = write_run_folder(run=run)
    return read_json(folder / SPEC_FILE)


def test_a_search_is_the_same_for_both_paths(study: Study) -> None:
    plan = RunPlan(search_epochs=(2, 4), num_seeds=3, patience=2, pooling="first", student_layers=(0, 2), **RATES)
    annotated = start_annotate(actor=study.created_by, study=study, plan=plan)
    distilled = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    teacher = study.runs.get(kind=RunKind.FINETUNE_TEACHER)
    searched = {"learning_rates": [1e-3, 1e-4], "epochs": [2, 4], "num_seeds": 3}
    assert annotated.search == distilled.search == searched
    assert teacher.search == {"learning_rates": [1e-3, 2e-3], "epochs": [2, 4]}
    spec = spec_of(annotated)
    assert spec["search"] == searched
    assert (spec["training"]["patience"], spec["training"]["pooling"]) == (2, "first")
    assert spec["model"]["layers"] == [0, 2]


def test_a_spec_is_one_that_the_trainer_takes(study: Study, settings: Settings) -> None:
    settings.COUNTRY = "DEU"
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=2, frozen_layers=1, **RATES))
    folder = write_run_folder(run=run)
    spec = RunSpec.from_json(folder / SPEC_FILE)
    assert (spec.search.num_seeds, spec.training.frozen_layers, spec.country) == (2, 1, "DEU")


def test_without_a_country_none_is_said(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan())
    assert spec_of(run)["country"] is None


def test_a_hybrid_with_a_filter_says_so(study: Study) -> None:
    plan = RunPlan(filter="confidence", keep=0.5, gold_epochs=3)
    run = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    assert run.distillation == {"filter": "confidence", "keep": 0.5, "gold_epochs": 3}
    plain = start_distil(actor=study.created_by, study=study, num_unlabelled=4)
    assert plain.distillation == {} and plain != run
    assert plain.parents.get() == run.parents.get()


def test_a_teacher_keeps_vectors_only_for_who_learns_them(study: Study) -> None:
    plain = start_distil(actor=study.created_by, study=study, num_unlabelled=4)
    plan = RunPlan(distil_from="both")
    both = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    assert both.distillation["distil_from"] == "both"
    kept = [run.parents.get().training.get("keep_vectors") for run in (plain, both)]
    assert kept == [None, True]
    assert plain.parents.get().parents.get() == both.parents.get().parents.get()


def test_a_teachers_pass_gets_dev_to_be_calibrated_on(study: Study, make_artifact: Callable[..., Artifact]) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4)
    scored = study.runs.get(kind=RunKind.SCORE)
    make_artifact(scored.parents.get(), ArtifactKind.TEACHER)
    assert set(spec_of(scored)["data"]) == {"unlabelled", "dev"}


def test_without_dev_labels_a_teacher_is_asked_for_no_calibration(make_study: Callable[..., Study]) -> None:
    with_dev, without = make_study(), make_study()
    Example.objects.filter(study=without, split=Split.DEV).update(split=Split.POOL)
    for study in (with_dev, without):
        start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=4)
    keys = [study.runs.get(kind=RunKind.SCORE).request_key for study in (with_dev, without)]
    assert keys[0] != keys[1]
    assert without.runs.get(kind=RunKind.DISTIL).search == {"num_seeds": 3}


@pytest.fixture
def make_artifact() -> Callable[..., Artifact]:
    """Give a run what it would have made, as a folder with nothing in it."""

    def make(run: Run, kind: ArtifactKind) -> Artifact:
        made = Artifact.objects.create(run=run, kind=kind, folder=f"{run.pk}/artifact", content_hash="x", result={})
        made.path.mkdir(parents=True)
        return made

    return make


@pytest.mark.parametrize("kind", [ArtifactKind.TEACHER, ArtifactKind.STUDENT])
def test_a_student_may_score_as_a_teacher_does(
    study: Study, make_artifact: Callable[..., Artifact], kind: ArtifactKind
) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4)
    scored = study.runs.get(kind=RunKind.SCORE)
    made = make_artifact(scored.parents.get(), kind)
    assert spec_of(scored)["teacher_artifact"] == str(made.path)


@pytest.mark.parametrize("num_seeds", [1, 2])
def test_who_learns_from_its_own_answers_is_told_where_each_teacher_is(
    study: Study, make_artifact: Callable[..., Artifact], num_seeds: int
) -> None:
    of_seeds = "each" if num_seeds > 1 else "where_cheap"
    plan = RunPlan(recipe="finetune", num_seeds=num_seeds, teacher_seeds=of_seeds)
    run = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    teachers = []
    for scored in run.parents.order_by("seed"):
        make_artifact(scored, ArtifactKind.SOFT_LABELS)
        teachers.append(str(make_artifact(scored.parents.get(), ArtifactKind.TEACHER).path))
    assert spec_of(run)["teacher_artifact"] is None
    run.distillation = {"distil_from": "on_policy"}
    spec = spec_of(run)
    named = [one["artifact"] for one in spec["teachers"]] if num_seeds > 1 else [spec["teacher_artifact"]]
    assert named == teachers and len(set(named)) == num_seeds


def test_the_command_takes_every_setting(study: Study) -> None:
    asked = "--unlabelled 4 --learning-rates 1e-3,1e-4 --search-epochs 1,2 --num-seeds 2 --patience 3 --pooling max"
    more = "--filter random --keep 0.25 --gold-epochs 2 --student-layers 0,1 --minutes 2 --go-on --self-distil"
    command = ["start_run", str(study.pk), "--path", "distil", "--distil-from", "both"]
    call_command(*command, *asked.split(), *more.split())
    run = study.runs.get(kind=RunKind.DISTIL)
    assert run.search == {"learning_rates": [1e-3, 1e-4], "epochs": [1, 2], "num_seeds": 2}
    assert run.distillation == {"distil_from": "both", "filter": "random", "keep": 0.25, "gold_epochs": 2}
    assert run.model is not None and run.model["layers"] == [0, 1]
    assert (run.max_seconds, run.go_on, run.training["pooling"]) == (120, True, "max")


def test_a_check_says_what_stands_before_a_run_and_starts_none(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("start_run", str(study.pk), "--path", "distil", "--unlabelled", "4", "--minutes", "1", "--check")
    said = capsys.readouterr().out
    assert "Labels (good): 8 labels, 2 different answers." in said
    assert "it holds 0.18, and 100.00 USD is left" in said
    assert not study.runs.exists()
