"""`manage.py audit`: the audit trail as CSV, on the terminal or in a file."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.commands import RefusingCommand
from accounts.queries import AuditFilter, audit_records, find_account, recorded_actions
from reports.audit import ROWS_AT_A_TIME, audit_csv, write_audit
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Write who changed what, from what to what, as CSV; the latest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--csv", type=Path, metavar="FILE", help="where it goes; the terminal, if not given")
        parser.add_argument("--since", metavar="DAY", help="first day, UTC, such as 2026-01-31")
        parser.add_argument("--until", metavar="DAY", help="last day, UTC")
        parser.add_argument("--by", metavar="EMAIL", help="only what this person changed")
        parser.add_argument("--action", default="", help="only this kind of change, such as price.set")
        parser.add_argument("--study", help="only what belongs to this study; its id or name")

    def handle(self, *args: object, **options: Any) -> None:
        records = audit_records(wanted=_wanted(options)).iterator(chunk_size=ROWS_AT_A_TIME)
        path = options["csv"]
        if path is None:
            for line in audit_csv(records):
                self.stdout.write(line, ending="")
            return
        try:
            num_records = write_audit(records=records, path=path)
        except OSError as error:
            raise CommandError(f"--csv {path}: {error.strerror}. Name a file that can be written.") from error
        self.stdout.write(f"{num_records:,} records written to {path}.")


def _wanted(options: dict[str, Any]) -> AuditFilter:
    first, last = (_day(name, options[name]) for name in ("since", "until"))
    if first and last and last < first:
        raise CommandError(f"--until {last} is before --since {first}. Choose a later day.")
    return AuditFilter(
        actor_id=find_account(options["by"], option="--by").pk if options["by"] else None,
        action=_action(options["action"]),
        budget_id=find_study(options["study"]).budget_id if options["study"] else None,
        first_day=first,
        last_day=last,
    )


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError(f"--{name} {text}: this is not a day. Write it as 2026-01-31.") from None


def _action(action: str) -> str:
    if action and action not in recorded_actions():
        known = ", ".join(recorded_actions()) or "none yet"
        raise CommandError(f"--action {action}: no change of this kind is recorded. Recorded are: {known}.")
    return action
