from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from budgets.money import ZERO, amount_text
from runs.control import extend
from runs.queries import find_run


class Command(RefusingCommand):
    help = "Give a run more minutes: their cost is held, and a run that waited for them resumes from its checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="its id")
        parser.add_argument("--minutes", type=int, required=True)
        parser.add_argument("--as", dest="email", help="e-mail of who gives them; who started it, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        run = find_run(options["run"])
        actor = find_person(options["email"]) if options["email"] else run.created_by
        run = extend(actor=actor, run=run, minutes=options["minutes"])
        held = run.hold.amount if run.hold else ZERO
        self.stdout.write(
            f"{run}: {run.max_seconds // 60} minutes, {amount_text(held)} {run.study.budget.currency} held"
        )
