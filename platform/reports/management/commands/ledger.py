"""`manage.py ledger verify` and `manage.py ledger show`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from accounts.commands import RefusingCommand
from budgets.models import Budget, LedgerEntry
from reports.queries import entries_of
from reports.tables import entry_table
from reports.verify import verify
from runs.models import Artifact
from studies.models import Study
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Check the ledger against its sources, or list a study's entries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        check = commands.add_parser("verify", help="rebuild every total from its rows; exit 1 on any difference")
        check.add_argument("--budget", type=int, metavar="ID", help="only this budget")
        show = commands.add_parser("show", help="list a study's entries")
        show.add_argument("study", metavar="STUDY", help="its id or name")
        show.add_argument("--bill", type=int, metavar="ARTIFACT", help="only the bill of this student or teacher")

    def handle(self, *args: object, **options: Any) -> None:
        if options["command"] == "verify":
            self._verify(options["budget"])
            return
        study = find_study(options["study"])
        entries = _entries(study, options["bill"]).select_related("budget")
        self.stdout.write(entry_table(entries, currency=study.budget.currency))

    def _verify(self, budget_id: int | None) -> None:
        budgets = Budget.objects.order_by("pk")
        if budget_id is not None:
            budgets = budgets.filter(pk=budget_id)
            if not budgets:
                raise CommandError(f"There is no budget {budget_id}. Leave --budget out to check all.")
        found = verify(budgets=budgets)
        for difference in found:
            self.stdout.write(str(difference))
        if found:
            raise CommandError(f"{len(found)} difference(s) between the ledger and its sources.", returncode=1)
        num_entries = LedgerEntry.objects.filter(budget__in=budgets).count()
        self.stdout.write(f"The ledger verifies: {len(budgets)} budget(s), {num_entries:,} entries, no difference.")


def _entries(study: Study, artifact_id: int | None) -> QuerySet[LedgerEntry]:
    if artifact_id is None:
        return study.budget.entries.order_by("-occurred_at", "-pk")
    artifact = Artifact.objects.filter(pk=artifact_id, run__study=study).first()
    if artifact is None:
        there = ", ".join(str(found) for found in Artifact.objects.filter(run__study=study).order_by("pk"))
        raise CommandError(f"“{study}” has no artifact {artifact_id}. Artifacts: {there or 'none yet'}.")
    return entries_of(artifact=artifact)
