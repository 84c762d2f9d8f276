from datetime import UTC, datetime
from typing import Any

from accounts.commands import RefusingCommand
from demo.steps import finish, run_demo


class Command(RefusingCommand):
    help = "Run the demo study on services that are up; `manage.py demo` brings them up first."

    def handle(self, *args: Any, **options: Any) -> None:
        study = run_demo(say=self._say)
        finish(study=study, say=self.stdout.write)

    def _say(self, line: str) -> None:
        self.stdout.write(f"[{datetime.now(UTC):%H:%M:%S}] {line}")
        self.stdout.flush()
