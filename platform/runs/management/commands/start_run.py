"""Start a run, or a distil chain, and wait for its end if asked."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import RefusingCommand
from accounts.permissions import Forbidden
from accounts.queries import find_person
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, BudgetStopped, headroom
from budgets.models import Path
from budgets.money import amount_text
from budgets.prices import PriceMissing
from runs.control import StillCancelling, start_annotate, start_distil, what_was_started
from runs.models import Run, RunState
from runs.preflight import cost_finding, preflight, refuse
from runs.queries import live_cost
from runs.requests import add_plan_arguments, estimate_runs, plan_of
from studies.queries import find_study

_SECONDS_BETWEEN_LOOKS = 1.0
_REFUSALS = (ValueError, Forbidden, BudgetExceeded, BudgetStopped, PriceMissing, StillCancelling)


class Command(RefusingCommand):
    help = "Start a run of a study: --path annotate, or --path distil with --unlabelled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("--path", choices=Path.values, required=True)
        parser.add_argument("--labels", type=int, help="labels in rank order; all there are, if not given")
        parser.add_argument("--unlabelled", type=int, default=0, help="pool examples for the teacher to score")
        add_plan_arguments(parser)
        parser.add_argument("--licence-confirmed", action="store_true", help="the teacher's outputs may train others")
        parser.add_argument("--check", action="store_true", help="say what it would meet and cost, and start nothing")
        parser.add_argument("--as", dest="email", help="e-mail of who starts it; the study's creator, if not given")
        parser.add_argument("--wait", action="store_true", help="until it ends or pauses; exit 1 unless it succeeds")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check(options)
            return
        run = _start(options)
        self.stdout.write(f"{run}: {run.get_state_display()}")
        self.stdout.write(what_was_started(run))
        if options["wait"]:
            self._wait(run)

    def _check(self, options: dict[str, Any]) -> None:
        """Print the checks of a run; raises where one refuses it."""
        study, plan, path = find_study(options["study"]), plan_of(options), Path(options["path"])
        sizes = {"num_labels": options["labels"], "num_unlabelled": options["unlabelled"]}
        found = preflight(study=study, path=path, plan=plan, **sizes)
        estimate = estimate_runs(study=study, path=path, plan=plan, **sizes)
        left = headroom(budget=study.budget, path=path, kind=CostKind.DEVICE_HOUR)
        for one in [*found, cost_finding(estimate=estimate, left=left, currency=study.budget.currency)]:
            self.stdout.write(f"{one.topic} ({one.level}): {one.text}")
        refuse(found)

    def _wait(self, run: Run) -> None:
        said = ""
        while not run.is_ended:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            run.refresh_from_db()
            line = str(run.progress.get("message") or run.progress.get("stage") or run.get_state_display())
            if line != said:
                self.stdout.write(f"{run}: {line}")
                said = line
            if run.state == RunState.PAUSED:
                raise CommandError(
                    f"{run} is paused: {run.pause_reason}. See its page, or: manage.py extend_run {run.pk}"
                )
        if run.state != RunState.SUCCEEDED:
            raise CommandError(f"{run} {run.get_state_display().lower()}: {run.error}")
        self.stdout.write(f"{run} succeeded and cost {amount_text(live_cost(run))} {run.study.budget.currency}")


def _start(options: dict[str, Any]) -> Run:
    study, plan = find_study(options["study"]), plan_of(options)
    actor = find_person(options["email"]) if options["email"] else study.created_by
    if options["path"] == Path.ANNOTATE:
        return start_annotate(actor=actor, study=study, num_labels=options["labels"], plan=plan)
    return start_distil(
        actor=actor,
        study=study,
        num_labels=options["labels"],
        num_unlabelled=options["unlabelled"],
        plan=plan,
        licence_confirmed=options["licence_confirmed"],
    )
