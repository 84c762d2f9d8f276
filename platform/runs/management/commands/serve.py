from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.commands import RefusingCommand
from runs.results import become_server, folder_to_serve, listening_socket

# Of each limit: its default, its smallest value, and what it is.
LIMITS = {
    "max-batch": (32, 1, "texts answered together"),
    "max-wait-ms": (5, 0, "milliseconds that a text waits for others to be answered with"),
    "max-queue": (128, 1, "texts that may wait; a request that finds no room is answered with 503"),
    "max-texts": (64, 1, "texts, or pairs, of one request, at most --max-queue; one with more is answered with 413"),
    "max-text": (10_000, 1, "characters of a text"),
    "max-body-kb": (1_024, 1, "kilobytes of a request"),
    "timeout": (30, 1, "seconds for a request; then it is answered with 503"),
    "threads": (1, 1, "threads that the model computes on"),
}


class Command(RefusingCommand):
    help = "Answer requests with a model over HTTP until SIGTERM. There is no authentication."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="id of a student or a teacher, or the folder of an export")
        parser.add_argument("--host", default="127.0.0.1", help="address (default 127.0.0.1: this machine only)")
        parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (default 8090)")
        for name, (default, _, what) in LIMITS.items():
            parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{what} (default {default})")

    def handle(self, *args: Any, **options: Any) -> None:
        limits = {name.replace("-", "_"): least for name, (_, least, _) in LIMITS.items()}
        for name, least in limits.items():
            if options[name] < least:
                raise CommandError(f"--{name.replace('_', '-')} is {options[name]}. Give {least} or more.")
        folder = folder_to_serve(options["model"])
        listener = listening_socket(host=options["host"], port=options["port"])
        host, port = listener.getsockname()[:2]
        self.stdout.write(
            f"{folder} at http://{host}:{port}/predict, without authentication. Ctrl-C or SIGTERM ends it."
        )
        self.stdout.flush()
        become_server(folder=folder, listener=listener, limits={name: options[name] for name in limits})
