"""What commands about one study have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import User
from accounts.queries import find_person
from config.refusals import Refusal
from studies.editing import read_label_lines
from studies.models import Study
from studies.queries import find_study


class StudyCommand(RefusingCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="id or name")
        parser.add_argument("--as", dest="email", help="e-mail of who does it; the study's creator, if not given")

    def study_and_actor(self, options: dict[str, Any]) -> tuple[Study, User]:
        study = find_study(options["study"])
        return study, find_person(options["email"]) if options["email"] else study.created_by


def add_label_texts(parser: CommandParser) -> None:
    parser.add_argument(
        "--label-texts",
        metavar="FILE",
        help="what labels say of themselves, one line for each: label | description | example phrase | …",
    )


def label_texts_of(options: dict[str, Any], *, labels: Sequence[str]) -> dict[str, dict[str, Any]] | None:
    """Read the file of `--label-texts`; None without one. Raises: Refusal (it cannot be read); LabelTextsInvalid."""
    if options["label_texts"] is None:
        return None
    try:
        text = Path(options["label_texts"]).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise Refusal(
            f"--label-texts: {options['label_texts']} cannot be read: {error}. Give a file in UTF-8."
        ) from error
    return read_label_lines(text, labels=labels)
