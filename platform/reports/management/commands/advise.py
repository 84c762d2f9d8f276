"""`manage.py advise STUDY`: what to buy next, as the report page says it."""

import json
from argparse import ArgumentParser
from typing import Any

from accounts.commands import RefusingCommand
from reports.advice import next_tranche, recommend
from reports.tables import tranche_json, tranche_text
from studies.queries import find_study


class Command(RefusingCommand):
    help = "Recommend the next tranche of a study: what to buy next, why, how sure that is and what would change it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="its id or name")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: object, **options: Any) -> None:
        study = find_study(options["study"])
        recommend(study=study)
        found = next_tranche(study)
        self.stdout.write(json.dumps(tranche_json(found), indent=2) if options["json"] else tranche_text(found))
