"""Fetch annotations."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from labeling.sync import sync_study
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Fetch a study's annotations from Label Studio, and pay for those that are accepted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="its id or name")
        parser.add_argument("--as", dest="email", help="e-mail of who asks; who made the study, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        actor = find_person(options["email"]) if options["email"] else study.created_by
        result = sync_study(actor=actor, study=study)
        if result.error:
            raise CommandError(result.error)
        self.stdout.write(f"{result.num_examples} examples looked at, {result.num_changed} annotations new or changed.")
        for trouble in result.troubles:
            self.stderr.write(f"Could not be read: {trouble}")
