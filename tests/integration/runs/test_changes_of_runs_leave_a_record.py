from collections.abc import Callable

import pytest

from accounts.models import AuditRecord
from budgets.ledger import BudgetExceeded
from runs.control import cancel, start_annotate, start_distil
from runs.models import RunState
from studies.models import Study


def of(action: str) -> list[AuditRecord]:
    return list(AuditRecord.objects.filter(action=action).order_by("id"))


def test_a_start_is_recorded_once_with_its_runs_and_their_hold(study: Study) -> None:
    run = start_distil(actor=study.created_by, study=study, num_labels=4, num_unlabelled=5)
    (made,) = of("run.start")
    assert (made.actor, made.subject_id, made.budget_id) == (study.created_by, run.pk, study.budget_id)
    assert (len(made.after["new_runs"]), made.after["labels"], made.after["held"]) == (3, 4, "10.8")


def test_a_start_that_shares_a_run_leaves_no_further_record(study: Study) -> None:
    start_annotate(actor=study.created_by, study=study)
    start_annotate(actor=study.created_by, study=study)
    assert len(of("run.start")) == 1


def test_a_refused_start_leaves_no_record(make_study: Callable[..., Study]) -> None:
    study = make_study(limit="1")
    with pytest.raises(BudgetExceeded):
        start_annotate(actor=study.created_by, study=study)
    assert not of("run.start") and not of("study.freeze_test")


def test_a_cancel_is_recorded_once_from_what_to_what(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study)
    cancel(actor=study.created_by, run=run)
    cancel(actor=study.created_by, run=run)
    (made,) = of("run.cancel")
    assert (made.before, made.after["state"]) == ({"state": RunState.QUEUED}, RunState.CANCELLED)


def test_the_earlier_runs_that_a_cancel_ends_are_recorded_too(study: Study) -> None:
    run = start_distil(actor=study.created_by, study=study, num_labels=4, num_unlabelled=5)
    cancel(actor=study.created_by, run=run)
    assert [made.subject_id for made in of("run.cancel")] == [run.pk, run.pk - 1, run.pk - 2]
    assert f"only {run} needed it" in of("run.cancel")[1].after["reason"]
