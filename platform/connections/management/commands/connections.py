"""`manage.py connections`: add a connection to a language model, test what it can do, list them."""

import os
from argparse import ArgumentParser
from typing import Any

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from config.refusals import Refusal
from connections.models import Connection, Outputs
from connections.operations import add_connection, change_connection, find_connection, run_self_test
from connections.wording import abilities_text

_OUTPUTS_HELP = "whether its terms let outputs train other models"


class Command(RefusingCommand):
    help = "Connections to language models behind OpenAI-compatible endpoints: add, change, test or list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a connection, and test it")
        add.add_argument("name", help="short name; its tokens are priced by it")
        add.add_argument("--url", required=True, help="up to and without /chat/completions")
        add.add_argument("--model", required=True, help="as the server names it")
        change = actions.add_parser("change", help="change limits, terms or key, or switch it off")
        change.add_argument("name")
        change.add_argument("--off", dest="is_active", action="store_false", default=None, help="switch it off")
        change.add_argument("--on", dest="is_active", action="store_true", default=None, help="switch it on again")
        for one in (add, change):
            one.add_argument("--key-variable", default="", metavar="NAME", help="environment variable that has the key")
            one.add_argument("--outputs", choices=Outputs.values, help=_OUTPUTS_HELP)
            one.add_argument("--terms", help="where its terms say so")
            one.add_argument("--concurrency", type=int, help="requests at a time; default 4")
            one.add_argument("--requests-per-minute", type=int, help="default: as fast as the server answers")
            one.add_argument("--timeout-seconds", type=int, help="for one answer; default 60")
        test = actions.add_parser("test", help="find what its server can do; costs a few tokens, in no budget")
        test.add_argument("name")
        for one in (add, change, test):
            one.add_argument("--as", dest="email", default="", help="e-mail of the admin who does it")
        actions.add_parser("list", help="list all, without keys")

    def handle(self, *args: Any, **options: Any) -> None:
        {"add": self._add, "change": self._change, "test": self._test, "list": self._list}[options["action"]](options)

    def _add(self, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in ("name", "url", "model")}
        actor = find_person(options["email"])
        made = add_connection(actor=actor, key=_key(options), **given, **_options(options))
        self.stdout.write(f"Connection {made} is added.")
        self._tell(run_self_test(actor=actor, connection=made))

    def _change(self, options: dict[str, Any]) -> None:
        given = _options(options)
        if options["is_active"] is not None:
            given["is_active"] = options["is_active"]
        actor, connection = find_person(options["email"]), find_connection(options["name"])
        changed = change_connection(actor=actor, connection=connection, key=_key(options), **given)
        self.stdout.write(f"Connection {changed} is changed.")

    def _test(self, options: dict[str, Any]) -> None:
        connection = find_connection(options["name"])
        self._tell(run_self_test(actor=find_person(options["email"]), connection=connection))

    def _list(self, options: dict[str, Any]) -> None:
        for one in Connection.objects.order_by("name"):
            state = "" if one.is_active else ", switched off"
            self.stdout.write(f"{one}: {one.model} at {one.url}{state}. {one.get_outputs_display()}.")
            self.stdout.write(f"  {abilities_text(one)}")

    def _tell(self, connection: Connection) -> None:
        self.stdout.write(abilities_text(connection))


def _options(options: dict[str, Any]) -> dict[str, Any]:
    names = ("outputs", "terms", "concurrency", "requests_per_minute", "timeout_seconds")
    return {name: options[name] for name in names if options[name] is not None}


def _key(options: dict[str, Any]) -> str:
    """The key, which is never an argument: other processes could read it there."""
    variable = options["key_variable"]
    if variable and not os.environ.get(variable):
        raise Refusal(f"the environment variable {variable[:40]} is not set.", field="--key-variable")
    return os.environ[variable] if variable else ""
