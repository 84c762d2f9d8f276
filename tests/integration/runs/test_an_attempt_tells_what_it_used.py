from collections.abc import Callable

from runs.control import start_annotate
from runs.models import RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Study
from tests.integration.runs.world import finish_all, in_state

PLAN = RunPlan(num_seeds=1, steps=4, max_minutes=1)


def test_it_is_kept_and_stands_in_the_entry_that_pays_for_it(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    supervise(run_id=run.pk)

    attempt = run.attempts.get()
    assert (attempt.energy_kwh, attempt.carbon_kg, attempt.peak_memory_bytes) == (0.0002, 0.0001, 2**20)
    assert attempt.stages == {"start": 0.9, "train": 0.1}
    assert attempt.entry is not None
    idle = float(attempt.device_seconds) - 0.1
    assert attempt.entry.memo.endswith(f" s on cpu, {idle:.3f} s of it idle, 0.0002 kWh, 0.0001 kg CO2e, 1 MB")


def test_one_that_broke_off_says_nothing_and_borrows_nothing(make_study: Callable[..., Study]) -> None:
    study = make_study("crashing-once")
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=30, max_minutes=1))

    finish_all()

    assert in_state(run, RunState.SUCCEEDED)
    broken, last = run.attempts.order_by("number")
    assert (broken.energy_kwh, last.energy_kwh) == (None, 0.0002)
    assert broken.entry is not None and broken.entry.memo.endswith(" s on cpu, lost (crashed), energy not known")
