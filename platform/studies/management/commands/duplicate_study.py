"""Make another study with the settings of one that is there."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from studies.editing import duplicate_study
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Duplicate a study: its settings, its data where asked for, and a budget of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("name", help="of the new one")
        parser.add_argument("--limit", required=True, help="what the new one may spend")
        parser.add_argument("--with-data", action="store_true", help="copy the examples with their splits and labels")
        parser.add_argument("--as", dest="email", help="e-mail of who makes it; the study's creator, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        made = duplicate_study(
            actor=find_person(options["email"]) if options["email"] else study.created_by,
            study=study,
            name=options["name"],
            limit=options["limit"],
            with_data=options["with_data"],
        )
        self.stdout.write(f"Study {made.pk}: {made}, {made.examples.count():,} examples")
