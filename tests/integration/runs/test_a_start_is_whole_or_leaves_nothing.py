from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.ledger import BudgetExceeded, BudgetStopped
from budgets.limits import set_cap, stop_everything
from budgets.models import Budget, Hold, Path
from budgets.prices import PriceMissing
from config.refusals import Refusal
from runs.control import start_annotate, start_distil
from runs.models import Run, RunState
from runs.money import WorstCaseDoesNotFit
from runs.preflight.results import PreflightRefused
from runs.requests import NotEnoughExamples, NothingToMeasure, RunPlan
from studies.models import Example, Snapshot, Split, Study
from studies.snapshots import NotEnoughLabels
from tests import factories

PLAN = RunPlan(num_seeds=1, max_minutes=10)  # 0.60 of the 3.60 an hour costs


def nothing_is_left(study: Study) -> bool:
    budget = Budget.objects.get(pk=study.budget_id)
    study.refresh_from_db()
    rows = (Run, Hold, Snapshot)
    return budget.held == 0 and study.test_frozen_at is None and not any(model.objects.exists() for model in rows)


def test_the_worst_case_is_held_before_anything_starts(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert run.hold is not None
    assert str(run.hold.remaining) == "0.600000"
    study.refresh_from_db()
    assert study.test_frozen_at is not None


def test_a_budget_that_takes_two_of_three_runs_starts_none(make_study: Callable[..., Study]) -> None:
    study = make_study(limit="1.79")

    with pytest.raises(BudgetExceeded, match=r"this needs 1\.80") as refused:
        start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)

    assert str(refused.value).startswith(
        f"Budget “{study.budget}” has 1.79 USD left; this needs 1.80, which is 0.01 USD more"
    )
    assert str(refused.value).endswith("At most 9 minutes for each of the 3 runs would fit.")
    assert nothing_is_left(study)


def test_a_cap_that_cannot_take_it_is_named(study: Study) -> None:
    set_cap(actor=study.created_by, budget=study.budget, limit="0.05", path=Path.ANNOTATE)

    with pytest.raises(
        WorstCaseDoesNotFit, match=r"0\.05 USD left under its cap for annotate.*Not even one minute would"
    ):
        start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert nothing_is_left(study)


def test_a_stopped_budget_starts_nothing(study: Study) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")

    with pytest.raises(BudgetStopped, match="Enough"):
        start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert nothing_is_left(study)


def test_a_budget_that_takes_them_to_the_cent_starts_all(make_study: Callable[..., Study]) -> None:
    study = make_study(limit="1.80")

    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)

    states = [run.state for run in Run.objects.order_by("pk")]
    assert states == [RunState.QUEUED, RunState.WAITING, RunState.WAITING]


def test_more_labels_than_there_are_start_nothing(study: Study) -> None:
    with pytest.raises(NotEnoughLabels, match="pool has 8"):
        start_annotate(actor=study.created_by, study=study, num_labels=9)

    assert nothing_is_left(study)


def test_more_unlabelled_examples_than_there_are_start_nothing(study: Study) -> None:
    with pytest.raises(NotEnoughExamples, match="has 12 beside the 8 labels"):
        start_distil(actor=study.created_by, study=study, num_unlabelled=13)

    assert nothing_is_left(study)


@pytest.mark.parametrize("number", [-1, 10**30])
def test_a_number_of_labels_out_of_range_starts_nothing(study: Study, number: int) -> None:
    with pytest.raises(Refusal, match=r"num_labels: .* not between 0 and"):
        start_annotate(actor=study.created_by, study=study, num_labels=number)

    assert nothing_is_left(study)


@pytest.mark.parametrize("number", [0, -1, 10**30])
def test_a_number_to_score_out_of_range_starts_nothing(study: Study, number: int) -> None:
    with pytest.raises(Refusal, match=r"num_unlabelled: .* not between 1 and"):
        start_distil(actor=study.created_by, study=study, num_unlabelled=number)

    assert nothing_is_left(study)


def test_without_a_labelled_test_row_nothing_starts(study: Study) -> None:
    Example.objects.filter(split=Split.TEST).update(split=Split.DEV)

    with pytest.raises(NothingToMeasure, match="test split"):
        start_annotate(actor=study.created_by, study=study)

    assert nothing_is_left(study)


def test_a_device_without_a_price_starts_nothing(study: Study, settings: Settings) -> None:
    settings.RUN_DEVICE = "cuda:0"

    with pytest.raises(PriceMissing, match="cuda"):
        start_annotate(actor=study.created_by, study=study)

    assert nothing_is_left(study)


def test_a_model_folder_without_a_tokenizer_starts_nothing(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("model")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    study.student_model = {"source": "folder", "name": str(folder)}

    with pytest.raises(PreflightRefused, match="has no tokenizer"):
        start_annotate(actor=study.created_by, study=study)

    assert nothing_is_left(study)


def test_an_annotator_starts_nothing(study: Study) -> None:
    with pytest.raises(Forbidden):
        start_annotate(actor=factories.person(Role.ANNOTATOR), study=study)

    assert nothing_is_left(study)
