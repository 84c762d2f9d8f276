"""`manage.py autopilot STUDY`: how a study's autopilot stands; with --on or --off, it is switched."""

import datetime
from typing import Any

from django.core.management.base import CommandParser

from config.refusals import Refusal
from reports.autopilot import AutopilotSettings, autopilot_of, status_of, status_text, switch_off, switch_on
from studies.commands import StudyCommand

SETTINGS = ("share_a_day", "cap", "target", "until")


class Command(StudyCommand):
    help = "Show a study's autopilot: what it may spend, bought and would do next. With --on or --off, switch it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument(
            "--on", action="store_true", help="switch it on, or change what it may; with a share and a cap"
        )
        switch.add_argument("--off", action="store_true", help="switch it off; what it started goes on")
        parser.add_argument(
            "--share-a-day", help="of the budget's limit: what a day's purchases may take; 0.1 is 10 %%"
        )
        parser.add_argument("--cap", help="what all of its purchases may take, in the budget's currency")
        parser.add_argument("--target", help="the score at which it stops, from 0 to 1")
        parser.add_argument("--until", type=datetime.date.fromisoformat, help="the last day on which it buys")

    def handle(self, *args: object, **options: Any) -> None:
        given = [f"--{name.replace('_', '-')}" for name in SETTINGS if options[name] is not None]
        if given and not options["on"]:
            raise Refusal(f"{given[0]} counts with --on only: without it, nothing that the autopilot may is changed.")
        study, actor = self.study_and_actor(options)
        if options["on"]:
            switch_on(actor=actor, study=study, settings=_settings(options))
        elif options["off"]:
            switch_off(actor=actor, study=study)
        found = autopilot_of(study)
        self.stdout.write(status_text(status_of(found)) if found else f"The autopilot of “{study}” was never on.")


def _settings(options: dict[str, Any]) -> AutopilotSettings:
    if options["share_a_day"] is None or options["cap"] is None:
        raise Refusal("--on takes --share-a-day and --cap: what it may spend a day and in all.")
    return AutopilotSettings(**{name: options[name] for name in SETTINGS})
