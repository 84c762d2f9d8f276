from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import Path
from runs.control import start_annotate
from runs.models import Run, RunKind
from runs.requests import (
    ChainEstimate,
    PlannedRun,
    RunPlan,
    RunRequest,
    chain_of,
    count_inputs,
    device_price,
    estimate_from_json,
    estimate_runs,
    work_of,
)
from runs.requests.inputs import Inputs
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
PLAN = RunPlan(recipe="finetune", num_seeds=1, steps=10, teacher_steps=10, batch_size=10, max_minutes=5)
TRAINING = {"steps": 10, "batch_size": 10}


@pytest.fixture
def study() -> Study:
    study = factories.study(prices=factories.price_book(cpu_hour="3.60"))
    factories.examples(study, ["one", "two", "three", "four"], labels=["good", "bad"] * 2)
    factories.examples(study, ["five"], split=Split.TEST, labels=["good"])
    return study


def past_run(study: Study, kind: RunKind, *, seconds: int, parents: Sequence[Run] = (), **fields: object) -> Run:
    made = ground.run(study, kind, path=Path.DISTIL, seconds=[seconds], parents=parents)
    made.model, made.training = factories.PACKAGE_MODEL, TRAINING
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


def estimated(study: Study, path: Path, *, plan: RunPlan = PLAN, **sizes: int) -> ChainEstimate:
    request = RunRequest(study=study, path=path, plan=plan, **sizes)
    chain = chain_of(request=request, inputs=count_inputs(request))
    return estimate_runs(chain=chain, price=device_price(study))


def test_without_a_history_only_the_limit_is_known(study: Study) -> None:
    found = estimated(study, Path.ANNOTATE, plan=PLAN)
    assert found.whole is None
    assert found.limit == Decimal("0.30")
    assert found.will_pause is False


def test_its_own_history_comes_first(study: Study) -> None:
    past_run(study, RunKind.FINETUNE_STUDENT, seconds=20)
    past_run(factories.study(), RunKind.FINETUNE_STUDENT, seconds=200)
    found = estimated(study, Path.ANNOTATE, num_labels=2, plan=PLAN).whole
    assert found is not None
    assert round(found.expected, 2) == Decimal("0.02")
    assert found.basis == "only 1 run of this study"


def test_without_its_own_other_studies_tell(study: Study) -> None:
    past_run(factories.study(), RunKind.FINETUNE_STUDENT, seconds=200)
    found = estimated(study, Path.ANNOTATE, num_labels=2, plan=PLAN).whole
    assert found is not None
    assert found.basis == "only 1 run of other studies"


@pytest.mark.parametrize(
    "other", [{"device": "cuda"}, {"model": {"source": "hub", "name": "other/model", "revision": None}}]
)
def test_another_device_or_model_tells_nothing(study: Study, other: dict[str, Any]) -> None:
    past_run(study, RunKind.FINETUNE_STUDENT, seconds=20, **other)
    assert estimated(study, Path.ANNOTATE, num_labels=2, plan=PLAN).whole is None


def test_a_chain_is_known_when_each_of_its_runs_is(study: Study) -> None:
    teacher = past_run(study, RunKind.FINETUNE_TEACHER, seconds=20)
    past_run(study, RunKind.DISTIL, seconds=10)
    found = estimated(study, Path.DISTIL, num_labels=2, num_unlabelled=4, plan=PLAN)
    assert [one.estimate is None for one in found.runs] == [False, True, False]
    assert found.whole is None

    past_run(study, RunKind.SCORE, seconds=6, model=None, parents=[teacher])
    found = estimated(study, Path.DISTIL, num_labels=2, num_unlabelled=4, plan=PLAN)

    assert found.whole is not None
    assert found.limit == Decimal("0.90")


def test_too_few_minutes_are_foreseen(study: Study) -> None:
    past_run(study, RunKind.FINETUNE_STUDENT, seconds=400)
    assert estimated(study, Path.ANNOTATE, num_labels=2, plan=PLAN).will_pause


def test_a_run_keeps_the_estimate_that_it_started_with(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    past_run(study, RunKind.FINETUNE_STUDENT, seconds=20)
    monkeypatch.setattr("runs.execution.queueing._send", lambda run_id: None)
    run = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=PLAN)
    run.refresh_from_db()
    kept = estimate_from_json(run.estimate)
    assert kept is not None
    assert kept == estimated(study, Path.ANNOTATE, num_labels=4, plan=PLAN).whole


def test_one_without_a_history_keeps_none(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.execution.queueing._send", lambda run_id: None)
    run = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=PLAN)
    assert estimate_from_json(run.estimate) is None


def test_a_search_and_seeds_are_trainings_more(study: Study) -> None:
    past_run(study, RunKind.FINETUNE_STUDENT, seconds=20)

    def expected(**settings: Any) -> Decimal:
        plan = replace(PLAN, **settings)
        found = estimated(study, Path.ANNOTATE, num_labels=4, plan=plan).whole
        assert found is not None
        return round(found.expected, 2)

    factories.examples(study, ["six"], split=Split.DEV, labels=["bad"])
    one = expected(learning_rates=(1e-3,))
    assert expected(learning_rates=(1e-3, 1e-4)) == 2 * one
    assert expected(learning_rates=(1e-3, 1e-4), num_seeds=3) == 4 * one


def test_epochs_on_gold_labels_are_work_too(study: Study) -> None:
    inputs = Inputs(study=study, num_labels=5, num_unlabelled=20, num_dev=0, num_test=0)
    training = {"epochs": 2, "steps": None, "batch_size": 10}
    plain = PlannedRun(seed=0, kind=RunKind.DISTIL, model={}, base_model={}, training=training)
    hybrid = replace(plain, distillation={"gold_epochs": 3}, search={"epochs": [1, 2]})
    assert work_of(plain, inputs).num_learned == 50
    assert work_of(hybrid, inputs).num_learned == 25 + 50 + 2 * 3 * 5


def test_what_a_student_writes_and_its_teacher_reads_is_work_too(study: Study) -> None:
    inputs = Inputs(study=study, num_labels=5, num_unlabelled=20, num_dev=0, num_test=0)
    small, large = ({"source": "package", "name": name} for name in ("paraphrase-MiniLM-L3-v2", "all-MiniLM-L6-v2"))
    training: dict[str, Any] = {"steps": 10, "batch_size": 10}
    plain = PlannedRun(seed=0, kind=RunKind.DISTIL, model=small, base_model=small, training=training)
    asked = replace(plain, distillation={"distil_from": "on_policy"}, asked_model=large)
    assert work_of(plain, inputs).num_read == 0
    # Of 100 rows half, each written for two and read by a teacher of twice the layers.
    assert work_of(asked, inputs).num_read == 50 * (2 + 2)
    every = {"distil_from": "on_policy", "on_policy_share": 1.0}
    assert work_of(replace(asked, distillation=every, asked_model=small), inputs).num_read == 100 * (2 + 1)
    past, scored, teacher = (
        past_run(study, kind, seconds=20) for kind in (RunKind.DISTIL, RunKind.SCORE, RunKind.FINETUNE_TEACHER)
    )
    past.parents.add(scored)
    scored.parents.add(teacher)
    past.model, past.training, past.distillation = small, training, every
    teacher.model = large
    teacher.save()
    assert work_of(past, inputs).num_read == 100 * (2 + 2)


def test_trainings_that_auto_compares_are_work_too(study: Study) -> None:
    training = {"steps": 10, "batch_size": 2, "recipe": "auto"}
    plain = PlannedRun(seed=0, kind=RunKind.FINETUNE_STUDENT, model={}, base_model={}, training=training)

    def learned(num_labels: int, *, num_dev: int) -> int:
        inputs = Inputs(study=study, num_labels=num_labels, num_unlabelled=0, num_dev=num_dev, num_test=0)
        return work_of(plain, inputs).num_learned

    assert learned(49, num_dev=0) == 0
    assert learned(50, num_dev=0) == 20 + 3 * 20
    assert learned(600, num_dev=0) == 20 + 3 * 20
    assert learned(600, num_dev=100) == 20
    assert learned(1_000, num_dev=0) == 20
