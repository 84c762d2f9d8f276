"""The commands of `manage.py` beside Django's own. Before `enter_venv`, only the standard library is installed."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import Paths, locate
from embedded.installation import enter_venv

Django = Callable[[list[str]], None]
# Django commands that read no table.
WITHOUT_DATABASE = frozenset({"help", "version", "--version", "collectstatic", "makemessages", "compilemessages"})
HELP = """\
python3 manage.py COMMAND

  demo [--serve|--no-serve]  set everything up and run a real study from labels to report
  up                         serve everything until Ctrl-C
  services                   what runs, where it answers and where its log is
  test [PYTEST ARGUMENTS]    set everything up, Chromium included, and run the tests
  check_all                  lint, types, import directions, documentation tests
  bench [NAME]               run a benchmark; without a name, list them
  clean [--all]              remove the data folder; with --all the virtual environments too

Everything else is Django's: `python3 manage.py help` lists it. Only Python 3.11 or newer is needed; packages,
PostgreSQL and Label Studio are set up on first use.
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    paths: Paths
    name: str
    arguments: tuple[str, ...]

    @property
    def asks_for_help(self) -> bool:
        """Whether it is about OURS; pytest and the benchmarks have a help of their own."""
        if self.name in ("-h", "--help"):
            return True
        if self.name == "help":
            return bool(self.arguments) and self.arguments[0] in OURS
        return self.name in OURS.keys() - {"test", "bench"} and not {"-h", "--help"}.isdisjoint(self.arguments)

    def enter_venv(self, *, dev: bool = False, label_studio: bool = False) -> None:
        line = [self.name, *self.arguments]
        enter_venv(paths=self.paths, arguments=line, dev=dev, label_studio=label_studio)


def main(*, root: Path, arguments: Sequence[str], django: Django) -> int:
    name, *rest = arguments or ["--help"]
    call = Call(paths=locate(root=root), name=name, arguments=tuple(rest))
    if call.asks_for_help:
        print(HELP, end="")
        return 0
    try:
        command = OURS.get(call.name)
        return command(call) if command else _django(call, django)
    except EmbeddedError as error:
        print(f"manage.py {call.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(call: Call) -> int:
    call.enter_venv(label_studio=_wants_label_studio())
    from embedded import services

    _no_arguments(call)
    return services.up(paths=call.paths)


def _demo(call: Call) -> int:
    call.enter_venv(label_studio=_wants_label_studio())
    from embedded import services

    flags = {"--serve": True, "--no-serve": False}
    chosen = [flags[argument] for argument in call.arguments if argument in flags]
    rest = [argument for argument in call.arguments if argument not in flags]
    return services.demo(paths=call.paths, arguments=rest, serve=[sys.stdin.isatty(), *chosen][-1])


def _services(call: Call) -> int:
    _no_arguments(call)
    call.enter_venv()
    from embedded import services

    return services.show(paths=call.paths)


def _test(call: Call) -> int:
    call.enter_venv(dev=True, label_studio=True)
    from embedded import checking

    return checking.test(paths=call.paths, arguments=call.arguments)


def _check_all(call: Call) -> int:
    _no_arguments(call)
    call.enter_venv(dev=True)
    from embedded import checking

    return checking.check_all(paths=call.paths)


def _bench(call: Call) -> int:
    names = sorted(file.stem for file in (call.paths.root / "bench").glob("[!_]*.py"))
    if not call.arguments or call.arguments[0] not in names:
        print(f"Benchmarks: {', '.join(names) or 'none'}")
        return 0 if not call.arguments else 1
    call.enter_venv(dev=True)
    from embedded import checking

    return checking.bench(paths=call.paths, name=call.arguments[0], arguments=call.arguments[1:])


def _clean(call: Call) -> int:
    from embedded import cleaning

    unknown = set(call.arguments) - {"--all"}
    if unknown:
        raise EmbeddedError(f"clean knows --all, not {', '.join(sorted(unknown))}.")
    cleaning.clean(paths=call.paths, everything="--all" in call.arguments)
    return 0


def _django(call: Call, django: Django) -> int:
    """Run a Django command, holding the embedded PostgreSQL meanwhile."""
    call.enter_venv()
    from embedded import postgres, services

    call.paths.make()
    line = [call.name, *call.arguments]
    needs_database = call.name not in WITHOUT_DATABASE and not {"-h", "--help"} & set(line)
    is_ours = services.make_plan(paths=call.paths).with_postgres
    os.environ.update(services.environment(paths=call.paths))
    with postgres.running(paths=call.paths) if needs_database and is_ours else nullcontext():
        django(line)
    return 0


def _wants_label_studio() -> bool:
    return not os.environ.get("LABEL_STUDIO_URL")


def _no_arguments(call: Call) -> None:
    if call.arguments:
        raise EmbeddedError(f"{call.name} takes no arguments, got {' '.join(call.arguments)}.")


OURS: dict[str, Callable[[Call], int]] = {
    "up": _up,
    "demo": _demo,
    "services": _services,
    "test": _test,
    "check_all": _check_all,
    "bench": _bench,
    "clean": _clean,
}
