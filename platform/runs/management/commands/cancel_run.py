from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from runs.control import cancel
from runs.queries import find_run


class Command(RefusingCommand):
    help = "Cancel a run, what waits for it, and the earlier runs that nothing else needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="its id")
        parser.add_argument("--as", dest="email", help="e-mail of who cancels it; who started it, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        run = find_run(options["run"])
        actor = find_person(options["email"]) if options["email"] else run.created_by
        run = cancel(actor=actor, run=run)
        if run.is_ended:
            self.stdout.write(f"{run}: {run.get_state_display()}")
        else:
            self.stdout.write(f"{run}: stopping; it exits within seconds and pays for what it used")
