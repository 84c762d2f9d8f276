import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.models import Path
from budgets.money import amount_text
from runs.commands import add_setting, option_of, plan_of
from runs.control import start_runs
from runs.models import Run, RunState
from runs.preflight import check_cost, preflight, refuse
from runs.queries import live_cost
from runs.requests import (
    FOR_DISTIL,
    RunPlan,
    RunRequest,
    chain_of,
    count_inputs,
    device_price,
    estimate_runs,
    settings_of,
)
from studies.queries import find_study

_SECONDS_BETWEEN_LOOKS = 1.0


class Command(RefusingCommand):
    help = "Start a run of a study: --path annotate, or --path distil with --unlabelled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("--path", choices=Path.values, required=True)
        parser.add_argument("--labels", type=int, help="labels in rank order, 0 for none; if not given, all")
        parser.add_argument("--unlabelled", type=int, default=0, help="pool examples for the teacher to score")
        for setting in settings_of(RunPlan).values():
            add_setting(parser, setting)
        parser.add_argument("--licence-confirmed", action="store_true", help="the teacher's outputs may train others")
        parser.add_argument("--check", action="store_true", help="print the checks and the cost, and start nothing")
        parser.add_argument("--as", dest="email", help="e-mail of who starts it; the study's creator, if not given")
        parser.add_argument("--wait", action="store_true", help="until it ends or pauses; exit 1 unless it succeeds")

    def handle(self, *args: Any, **options: Any) -> None:
        request = _request(options)
        if options["check"]:
            self._check(request)
            return
        actor = find_person(options["email"]) if options["email"] else request.study.created_by
        started = start_runs(actor=actor, request=request, licence_confirmed=options["licence_confirmed"])
        run = started.last
        self.stdout.write(f"{run}: {run.get_state_display()}")
        self.stdout.write(str(started))
        if options["wait"]:
            self._wait(run)

    def _check(self, request: RunRequest) -> None:
        """Print the checks of a request; raises where one refuses it."""
        budget, chain = request.study.budget, chain_of(request=request, inputs=count_inputs(request))
        results = preflight(chain)
        estimate = estimate_runs(chain=chain, price=device_price(request.study))
        left = headroom(budget=budget, path=request.path, kind=CostKind.DEVICE_HOUR)
        results = [*results, check_cost(estimate=estimate, left=left, currency=budget.currency)]
        for result in results:
            self.stdout.write(f"{result.topic} ({result.level}): {result.text}")
        refuse(results)

    def _wait(self, run: Run) -> None:
        shown = ""
        while not run.is_ended:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            run.refresh_from_db()
            line = str(run.progress.get("message") or run.progress.get("stage") or run.get_state_display())
            if line != shown:
                self.stdout.write(f"{run}: {line}")
                shown = line
            if run.state == RunState.PAUSED:
                raise CommandError(
                    f"{run} is paused: {run.pause_reason}. See its page, or: manage.py extend_run {run.pk}"
                )
        if run.state != RunState.SUCCEEDED:
            raise CommandError(f"{run} {run.get_state_display().lower()}: {run.error}")
        self.stdout.write(f"{run} succeeded and cost {amount_text(live_cost(run))} {run.study.budget.currency}")


def _request(options: dict[str, Any]) -> RunRequest:
    """The request that the options make. Raises: CommandError; PlanInvalid."""
    path, settings = Path(options["path"]), settings_of(RunPlan)
    unused = [f"--{name.replace('_', '-')}" for name in ("unlabelled", "licence_confirmed") if options[name]]
    unused += [option_of(settings[name]) for name in FOR_DISTIL if options[name] is not None]
    if path == Path.ANNOTATE and unused:
        raise CommandError(f"Only --path distil uses {', '.join(unused)}. Leave that out, or choose --path distil.")
    return RunRequest(
        study=find_study(options["study"]),
        path=path,
        plan=plan_of(options),
        num_labels=options["labels"],
        num_unlabelled=options["unlabelled"],
    )
