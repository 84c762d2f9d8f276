"""Publish examples for labelling."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from budgets.money import amount_text
from labeling.publishing import publish
from reports.selection import select_examples
from studies.models import Split
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Publish examples of a study for labelling in Label Studio, as many as its budget allows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="its id or name")
        parser.add_argument("--examples", type=int, help="how many more; all that are left, if not given")
        parser.add_argument("--split", default=Split.POOL, help="pool (if not given), dev or test")
        parser.add_argument(
            "--uncertain", action="store_true", help="those of the pool first that a model was least sure of"
        )
        parser.add_argument("--as", dest="email", help="e-mail of who publishes; who made the study, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        actor = find_person(options["email"]) if options["email"] else study.created_by
        chosen = select_examples(study) if options["uncertain"] else None
        result = publish(
            actor=actor, study=study, num_examples=options["examples"], split=options["split"], which=chosen
        )
        self.stdout.write(f"{result.num_published} published, {result.num_already} published before.")
        if result.num_short:
            missing = amount_text(result.missing)
            self.stdout.write(f"The budget could not take {result.num_short} more: {missing} short.")
