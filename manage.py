#!/usr/bin/env python3
"""The only entry point: `python3 manage.py` lists the commands."""

# Kept to what Python 3.8 can parse, so that an old Python gets a sentence instead of a SyntaxError.
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NEEDED = (3, 11)


def main() -> int:
    if sys.version_info < NEEDED:
        print("Fulcrum needs Python 3.11 or newer: install it and run `python3.11 manage.py`.", file=sys.stderr)
        return 2
    # After the script's folder: a `platform` that came first would hide Python's own module of that name.
    sys.path[:] = [str(ROOT), str(ROOT / "platform"), *(folder for folder in sys.path if folder != str(ROOT))]
    from embedded import commands

    return commands.main(root=ROOT, arguments=sys.argv[1:], django=run_django)


def run_django(arguments: "list[str]") -> None:
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from config.database_limits import in_words

    try:
        execute_from_command_line(["manage.py", *arguments])
    except OperationalError as error:
        words = in_words(error)
        if not words:
            raise
        sys.exit(f"manage.py {arguments[0]}: {words}")


if __name__ == "__main__":
    sys.exit(main())
