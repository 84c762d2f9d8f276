"""Zero labels is a start like any other: from what labels mean, or from a teacher that nobody trained."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from budgets.models import Path
from planning.footprint import Shape
from runs.control import start_annotate, start_distil, start_runs
from runs.execution import write_run_folder
from runs.models import Run, RunKind, RunState
from runs.preflight import CheckLevel, CheckResult, preflight
from runs.preflight.results import PreflightRefused
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs, device_price, estimate_runs
from runs.requests.plan import PlanInvalid
from runs.requests.trainer_settings import untrained_scoring_settings
from studies.editing import change_study
from studies.models import Label, Split, Study
from studies.queries import labelled
from studies.snapshots import MOST_POOL
from tests import factories
from tests.integration.runs.world import finish_all, in_state, is_reconciled, stand_in
from training.contract import SPEC_FILE
from training.runtime import read_json
from training.spec import RunSpec

pytestmark = pytest.mark.django_db
PLAN = RunPlan(steps=4, teacher_steps=4, max_minutes=1)
AS_IT_IS = RunPlan(steps=4, max_minutes=1, untrained_teacher=True)


@pytest.fixture
def unlabelled(transactional_db: None) -> Study:
    """A study whose pool has no label."""
    study = factories.study(
        student_model=stand_in(), teacher_model=stand_in(), prices=factories.price_book(cpu_hour="3.60")
    )
    for split in (Split.DEV, Split.TEST):
        factories.examples(study, [f"{split} text {n}" for n in range(4)], split=split, labels=["good", "bad"] * 2)
    factories.examples(study, [f"unlabelled text {n}" for n in range(12)])
    return study


def described(study: Study, description: str = "worth reading") -> Study:
    texts = {"good": {"description": description, "phrases": ["I loved it"]}}
    return change_study(actor=study.created_by, study=study, label_texts=texts)


def spec_of(run: Run) -> dict[str, Any]:
    folder = write_run_folder(run=run)
    RunSpec.from_json(folder / SPEC_FILE)
    return read_json(folder / SPEC_FILE)


def checked(topic: str, study: Study, path: Path = Path.ANNOTATE, **wanted: Any) -> CheckResult:
    request = RunRequest(study=study, path=path, **{"plan": PLAN, "num_labels": 0, **wanted})
    results = preflight(chain_of(request=request, inputs=count_inputs(request)))
    return next(one for one in results if one.topic == topic)


def test_a_student_of_no_label_is_given_meanings_and_the_pool(unlabelled: Study) -> None:
    run = start_annotate(actor=unlabelled.created_by, study=described(unlabelled), plan=PLAN)
    assert (run.snapshot, run.num_labels, run.search) == (None, 0, {})
    spec = spec_of(run)
    assert set(spec["data"]) == {"dev", "test", "pool"}
    assert spec["label_texts"] == {"good": ["good: worth reading", "I loved it"]}
    assert spec["training"]["recipe"] == "auto"


def test_none_is_asked_for_where_there_are_labels(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, num_labels=0, plan=PLAN)
    assert run.num_labels == 0 and "train" not in spec_of(run)["data"]
    assert run != start_annotate(actor=study.created_by, study=study, plan=PLAN)


@pytest.mark.parametrize("recipe", ["finetune", "frozen", "probe"])
def test_a_recipe_that_needs_labels_is_refused_with_the_way_out(unlabelled: Study, recipe: str) -> None:
    plan = RunPlan(steps=4, max_minutes=1, recipe=recipe)
    with pytest.raises(PreflightRefused, match=f"recipe {recipe} needs them. Label examples .* names or auto"):
        start_annotate(actor=unlabelled.created_by, study=unlabelled, plan=plan)
    assert not Run.objects.exists() and not unlabelled.budget.holds.exists()


def test_labels_that_say_nothing_are_no_start(transactional_db: None) -> None:
    study = factories.study(labels=("1", "B"), student_model=stand_in())
    factories.examples(study, ["one", "two"])
    said = checked("Labels", study)
    assert said.level == CheckLevel.REFUSED and "“1”, “B” say nothing" in said.text
    texts = {label: {"description": f"about {label} things", "phrases": []} for label in study.labels}
    told = change_study(actor=study.created_by, study=study, label_texts=texts)
    assert checked("Labels", told).level == CheckLevel.GOOD


def test_three_labels_are_enough_where_names_help(study: Study) -> None:
    for example, value in zip(labelled(study, Split.POOL)[:3], ("good", "bad", "good"), strict=True):
        Label.objects.filter(example=example).update(value=value)
    assert start_annotate(actor=study.created_by, study=study, num_labels=3, plan=PLAN).num_labels == 3


def test_a_teacher_as_it_is_scores_without_a_training(unlabelled: Study) -> None:
    last = start_distil(actor=unlabelled.created_by, study=unlabelled, num_unlabelled=5, plan=AS_IT_IS)
    scored = last.parents.get()
    assert [run.kind for run in (scored, last)] == [RunKind.SCORE, RunKind.DISTIL]
    assert unlabelled.runs.count() == 2
    assert scored.model == unlabelled.teacher_model and scored.training["recipe"] == "auto"
    spec = spec_of(scored)
    assert (spec["teacher_artifact"], set(spec["data"])) == (None, {"unlabelled", "dev", "pool"})


def test_a_teacher_as_it_is_makes_its_head_of_the_labels_there_are(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=5, plan=AS_IT_IS)
    spec = spec_of(last.parents.get())
    assert set(spec["data"]) == {"unlabelled", "train", "dev", "pool"}
    assert last.parents.get().num_labels == 8


@pytest.mark.parametrize(("recipe", "scoring"), [("frozen", "frozen"), ("names", "names"), ("finetune", "auto")])
def test_a_recipe_for_training_leaves_the_teachers_head_open(recipe: str, scoring: str) -> None:
    plan = RunPlan(untrained_teacher=True, recipe=recipe)
    assert untrained_scoring_settings(plan)["recipe"] == scoring


@pytest.mark.parametrize("more", [{"teacher_steps": 5}, {"teacher_learning_rates": (1e-4,)}, {"teacher_run": 3}])
def test_what_trains_a_teacher_does_not_go_with_one_as_it_is(more: dict[str, Any]) -> None:
    with pytest.raises(PlanInvalid):
        RunPlan(untrained_teacher=True, **more)


def test_a_hybrid_needs_labels(unlabelled: Study) -> None:
    plan = RunPlan(untrained_teacher=True, gold_epochs=2)
    said = checked("Labels", unlabelled, Path.DISTIL, plan=plan, num_unlabelled=4)
    assert said.level == CheckLevel.REFUSED and "(gold epochs), and there are none" in said.text


def test_chains_without_labels_are_billed_for_what_they_used(unlabelled: Study) -> None:
    named = start_annotate(actor=unlabelled.created_by, study=unlabelled, plan=PLAN)
    distilled = start_distil(actor=unlabelled.created_by, study=unlabelled, num_unlabelled=5, plan=AS_IT_IS)
    held = sum((hold.amount for hold in unlabelled.budget.holds.all()), Decimal(0))
    assert held == 3 * Decimal("0.06")
    finish_all()
    assert all(in_state(run, RunState.SUCCEEDED) for run in (named, distilled))
    assert is_reconciled(unlabelled)


def test_a_teacher_of_no_label_may_be_fine_tuned_as_little(unlabelled: Study) -> None:
    last = start_distil(actor=unlabelled.created_by, study=unlabelled, num_unlabelled=5, plan=PLAN)
    teacher = unlabelled.runs.get(kind=RunKind.FINETUNE_TEACHER)
    assert (teacher.num_labels, teacher.search, last.num_labels) == (0, {}, 0)
    again = start_distil(
        actor=unlabelled.created_by, study=unlabelled, num_unlabelled=5, plan=PLAN, licence_confirmed=False
    )
    assert again == last


def test_other_meanings_make_another_run_and_leave_the_first_as_it_was(unlabelled: Study) -> None:
    first = start_annotate(actor=unlabelled.created_by, study=described(unlabelled), plan=PLAN)
    same = start_annotate(actor=unlabelled.created_by, study=described(unlabelled), plan=PLAN)
    other = start_annotate(actor=unlabelled.created_by, study=described(unlabelled, "a good read"), plan=PLAN)
    first.refresh_from_db()
    assert same == first != other
    assert first.label_texts == {"good": ["good: worth reading", "I loved it"]}
    assert spec_of(first)["label_texts"] == first.label_texts


def test_other_texts_in_the_pool_make_another_run_where_it_is_read(study: Study) -> None:
    plans = [PLAN, RunPlan(steps=4, max_minutes=1, recipe="finetune")]
    before = [start_annotate(actor=study.created_by, study=study, plan=plan) for plan in plans]
    factories.examples(study, ["one text more"])
    after = [start_annotate(actor=study.created_by, study=study, plan=plan) for plan in plans]
    assert before[0] != after[0] and before[1] == after[1]
    assert before[0].pool is not None and before[1].pool is None


def test_no_more_of_the_pool_is_read_than_moves_anything(study: Study) -> None:
    factories.examples(study, [f"a text {number}" for number in range(MOST_POOL)])
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    assert run.pool is not None and run.pool.num_examples == MOST_POOL


def test_a_run_that_trains_nothing_is_estimated_from_such_runs(unlabelled: Study) -> None:
    request = RunRequest(study=unlabelled, path=Path.ANNOTATE, plan=PLAN)
    start_runs(actor=unlabelled.created_by, request=request)
    finish_all()
    for plan, is_known in ((PLAN, True), (RunPlan(recipe="names"), True), (RunPlan(recipe="probe"), False)):
        asked = RunRequest(study=unlabelled, path=Path.ANNOTATE, plan=plan, num_labels=0)
        chain = chain_of(request=asked, inputs=count_inputs(asked))
        found = estimate_runs(chain=chain, price=device_price(unlabelled))
        assert (found.whole is not None) == is_known


def test_a_command_starts_both(unlabelled: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study = str(unlabelled.pk)
    call_command("start_run", study, "--path", "annotate", "--labels", "0", "--recipe", "names")
    call_command("start_run", study, "--path", "distil", "--unlabelled", "4", "--untrained-teacher", "--steps", "4")
    kinds = [RunKind.FINETUNE_STUDENT, RunKind.SCORE, RunKind.DISTIL]
    assert list(unlabelled.runs.order_by("pk").values_list("kind", flat=True)) == kinds
    call_command("start_run", study, "--path", "annotate", "--labels", "0", "--check")
    assert "0 labels: it starts from what the labels say of themselves" in capsys.readouterr().out


def test_a_t5_has_no_head_to_make_of_names(unlabelled: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Shape(
        vocabulary=100, hidden=8, layers=2, intermediate=8, heads=2, attention=8, positions=None, decoder_layers=2
    )
    monkeypatch.setattr("runs.preflight.label_checks.shape_of", lambda model: writer)
    said = checked("Recipe", unlabelled)
    assert said.level == CheckLevel.REFUSED and "writes its answer as text" in said.text
