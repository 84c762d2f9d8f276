"""What commands about one study have in common."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import User
from accounts.queries import find_person
from studies.models import Study
from studies.queries import find_study


class StudyCommand(RefusingCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("--as", dest="email", help="e-mail of who does it; the study's creator, if not given")

    def study_and_actor(self, options: dict[str, Any]) -> tuple[Study, User]:
        study = find_study(options["study"])
        return study, find_person(options["email"]) if options["email"] else study.created_by
