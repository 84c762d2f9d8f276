"""Offer examples for labelling."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.permissions import Forbidden
from accounts.queries import find_person
from budgets.ledger import BudgetExceeded, BudgetStopped
from budgets.money import amount_text
from budgets.prices import PriceMissing
from labeling.label_studio import LabelStudioRefused, LabelStudioUnreachable
from labeling.publishing import publish
from studies.models import Split
from studies.queries import StudyNotFound, find_study

_MENDABLE = (
    StudyNotFound,
    Forbidden,
    ValueError,
    BudgetExceeded,
    BudgetStopped,
    PriceMissing,
    LabelStudioUnreachable,
    LabelStudioRefused,
)


class Command(RefusingCommand):
    help = "Offer examples of a study for labelling in Label Studio, as many as its budget takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="its id or name")
        parser.add_argument("--examples", type=int, help="how many more; all that are left, if not given")
        parser.add_argument("--split", default=Split.POOL, help="pool (if not given), dev or test")
        parser.add_argument("--as", dest="email", help="e-mail of who publishes; who made the study, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        study = find_study(options["study"])
        actor = find_person(options["email"]) if options["email"] else study.created_by
        result = publish(actor=actor, study=study, num_examples=options["examples"], split=options["split"])
        self.stdout.write(f"{result.num_offered} published, {result.num_already} published before.")
        if result.num_short:
            missing = amount_text(result.missing)
            self.stdout.write(f"The budget could not take {result.num_short} more: {missing} are missing.")
