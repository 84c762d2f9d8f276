"""Fetch annotations."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.permissions import Forbidden
from labeling.sync import NothingPublished, sync_study
from studies.queries import StudyNotFound, find_study


class Command(BaseCommand):
    help = "Fetch a study's annotations from Label Studio, and pay for those that are accepted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="its id or name")
        parser.add_argument("--as", dest="email", help="e-mail of who asks; who made the study, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study = find_study(options["study"])
            actor = User.objects.get(email=options["email"]) if options["email"] else study.created_by
            result = sync_study(actor=actor, study=study)
        except User.DoesNotExist:
            raise CommandError(f"There is no account with the e-mail {options['email']}.") from None
        except (StudyNotFound, Forbidden, NothingPublished) as error:
            raise CommandError(str(error)) from error
        if result.error:
            raise CommandError(result.error)
        self.stdout.write(f"{result.num_examples} examples looked at, {result.num_changed} annotations new or changed.")
        for trouble in result.troubles:
            self.stderr.write(f"Could not be read: {trouble}")
