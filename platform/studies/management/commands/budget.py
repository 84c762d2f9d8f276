"""Look at a study's budget, change its limit, stop and resume the study."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from budgets.limits import confirm_limit, resume, set_limit, stop_everything, top_up, waiting_request
from budgets.models import Budget
from budgets.money import amount_text
from config.refusals import Refusal
from studies.commands import StudyCommand


class Command(StudyCommand):
    help = "Show a study's budget; with an option, change its limit, stop or resume the study."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--top-up", metavar="AMOUNT", help="add to the limit")
        change.add_argument("--limit", metavar="AMOUNT", help="set the limit")
        change.add_argument("--stop", metavar="REASON", help="stop all that it pays for")
        change.add_argument("--resume", action="store_true", help="end a stop")
        change.add_argument("--confirm", action="store_true", help="confirm a limit that another person requested")

    def handle(self, *args: Any, **options: Any) -> None:
        study, actor = self.study_and_actor(options)
        budget = _changed(actor, study.budget, options)
        amounts = {"limit": budget.limit, "spent": budget.spent, "held": budget.held, "left": budget.available}
        told = ", ".join(f"{name} {amount_text(amount)}" for name, amount in amounts.items())
        stopped = f"; stopped since {budget.stopped_at:%Y-%m-%d %H:%M} UTC" if budget.stopped_at else ""
        self.stdout.write(f"“{budget}” in {budget.currency}: {told}{stopped}")
        if waiting := waiting_request(budget):
            self.stdout.write(
                f"A limit of {amount_text(waiting.new_limit)} waits for a second person: --confirm --as THEIR-EMAIL."
            )


def _changed(actor: User, budget: Budget, options: dict[str, Any]) -> Budget:
    if options["top_up"] is not None:
        return top_up(actor=actor, budget=budget, amount=options["top_up"])
    if options["limit"] is not None:
        return set_limit(actor=actor, budget=budget, limit=options["limit"])
    if options["stop"] is not None:
        return stop_everything(actor=actor, budget=budget, reason=options["stop"])
    if options["confirm"]:
        if waiting := waiting_request(budget):
            return confirm_limit(actor=actor, request=waiting)
        raise Refusal(f"No limit of “{budget}” waits for a second person.")
    return resume(actor=actor, budget=budget) if options["resume"] else budget
