from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.utils import timezone

from budgets.models import Path
from runs.control import StartedRuns, cancel, start_annotate, start_distil, start_runs
from runs.models import Run, RunKind, RunState
from runs.requests import RunPlan, RunRequest
from studies.models import Example, Label, Split, Study

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


def test_the_same_request_is_the_same_run_and_one_hold(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    second = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert first == second
    assert study.budget.holds.count() == 1


def test_four_at_once_are_one_run_and_one_hold(study: Study) -> None:
    def start(_: int) -> int:
        try:
            return start_annotate(actor=study.created_by, study=study, plan=PLAN).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        runs = set(pool.map(start, range(4)))

    assert len(runs) == 1
    assert study.budget.holds.count() == 1


def test_a_study_that_is_loaded_anew_asks_for_the_same_run(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    study.refresh_from_db()
    assert start_annotate(actor=study.created_by, study=study, plan=PLAN) == first


def test_another_setting_is_another_run(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    second = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=5, max_minutes=1))

    assert first != second


def test_another_time_limit_alone_is_no_other_run(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    second = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=4, max_minutes=2))

    assert first == second


def test_two_distillations_from_the_same_labels_share_the_teacher(study: Study) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    start_distil(actor=study.created_by, study=study, num_unlabelled=8, plan=PLAN)

    kinds = sorted(Run.objects.values_list("kind", flat=True))
    assert kinds == [RunKind.DISTIL, RunKind.DISTIL, RunKind.FINETUNE_TEACHER, RunKind.SCORE, RunKind.SCORE]


def test_a_label_that_nobody_trains_on_leaves_the_scored_examples_as_they_were(study: Study) -> None:
    first = start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=12, plan=PLAN)
    last = Example.objects.filter(split=Split.POOL, label__isnull=True).latest("rank")
    Label.objects.create(example=last, value="good", source=Label.Source.IMPORT)

    assert start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=12, plan=PLAN) == first


def test_a_test_label_given_since_makes_another_run_and_leaves_the_first_its_own(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    label = Label.objects.filter(example__split=Split.TEST).first()
    assert label is not None
    label.value = "bad" if label.value == "good" else "good"
    label.save()

    second = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert first.test != second.test


def test_a_cancelled_run_is_not_shared(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    cancel(actor=study.created_by, run=first)

    assert start_annotate(actor=study.created_by, study=study, plan=PLAN) != first


def test_one_that_ended_well_as_its_cancel_came_is_shared(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    Run.objects.filter(pk=first.pk).update(state=RunState.SUCCEEDED, cancel_requested_at=timezone.now())

    assert start_annotate(actor=study.created_by, study=study, plan=PLAN) == first


def started(study: Study, path: Path = Path.ANNOTATE, num_unlabelled: int = 0) -> StartedRuns:
    request = RunRequest(study=study, path=path, plan=PLAN, num_unlabelled=num_unlabelled)
    return start_runs(actor=study.created_by, request=request)


def test_a_new_run_is_said_to_be_queued(study: Study) -> None:
    first = started(study)
    assert str(first) == f"Run queued: {first.last}."


def test_an_identical_run_is_said_to_be_reused(study: Study) -> None:
    first, second = started(study), started(study)
    assert str(second) == f"An identical run exists; reusing it: {first.last} (queued)."


def test_of_a_chain_it_is_said_which_runs_are_new(study: Study) -> None:
    first, second = started(study, Path.DISTIL, 4), started(study, Path.DISTIL, 8)
    teacher = Run.objects.get(kind=RunKind.FINETUNE_TEACHER)
    scored = second.last.parents.get()
    assert str(first).startswith("Runs queued: ") and "reusing" not in str(first)
    assert str(second) == f"Runs queued: {scored}, {second.last}. An identical run exists; reusing it: {teacher}."
