"""Change a study from the command line, or archive it."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from studies.commands import StudyCommand, add_label_texts, label_texts_of
from studies.editing import archive_study, change_study, unarchive_study
from studies.models import Study


class Command(StudyCommand):
    help = "Change a study: its name, instructions, labels or what they mean; archive it; what is not given stays."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name")
        parser.add_argument("--instructions")
        parser.add_argument("--label", action="append", dest="labels", help="once for each label of the new set")
        add_label_texts(parser)
        parser.add_argument("--worth", metavar="AMOUNT", help="what a percentage point of the metric is worth")
        parser.add_argument("--requests", metavar="N", help="requests a month that its student is expected to serve")
        kept = parser.add_mutually_exclusive_group()
        kept.add_argument("--archive", action="store_true", help="leave it out of lists; it spends nothing more")
        kept.add_argument("--unarchive", action="store_true", help="bring it back; its budget waits for a resume")

    def handle(self, *args: Any, **options: Any) -> None:
        study, actor = self.study_and_actor(options)
        changed = _changed(actor, study, options)
        archived = "; archived" if changed.archived_at else ""
        self.stdout.write(f"Study {changed.pk}: {changed}; labels {', '.join(changed.labels)}{archived}")


def _changed(actor: User, study: Study, options: dict[str, Any]) -> Study:
    given = {name: options[name] for name in ("name", "instructions", "labels")}
    described = label_texts_of(options, labels=options["labels"] or study.labels)
    given |= {"worth_per_point": options["worth"], "monthly_requests": options["requests"]}
    changed = change_study(actor=actor, study=study, label_texts=described, **given)
    if options["archive"]:
        return archive_study(actor=actor, study=changed)
    return unarchive_study(actor=actor, study=changed) if options["unarchive"] else changed
