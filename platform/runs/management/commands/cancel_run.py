"""Cancel a run."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.permissions import Forbidden
from runs.control import cancel
from runs.queries import RunNotFound, find_run


class Command(BaseCommand):
    help = "Cancel a run, what waits for it, and the earlier runs that nothing else needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="its id")
        parser.add_argument("--as", dest="email", help="e-mail of who cancels it; who started it, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = find_run(options["run"])
            actor = User.objects.get(email=options["email"]) if options["email"] else run.created_by
            run = cancel(actor=actor, run=run)
        except (RunNotFound, Forbidden, User.DoesNotExist) as error:
            raise CommandError(str(error)) from error
        if run.is_ended:
            self.stdout.write(f"{run}: {run.get_state_display()}")
        else:
            self.stdout.write(f"{run}: told to stop; it leaves within seconds and pays for what it used")
