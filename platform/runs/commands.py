"""What commands about runs and language models have in common: the settings of a plan as options."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from connections.operations import find_connection
from runs.requests import RunPlan, Setting, settings_of

# The largest id of a database: a range that tells nobody anything.
_NO_LIMIT = 2**63 - 1
# Named, and kept by its id.
_CONNECTION = "teacher_connection"


def add_setting(parser: CommandParser, setting: Setting) -> None:
    parser.add_argument(option_of(setting), dest=setting.name, help=_help(setting), **_reader(setting))


def plan_of(options: dict[str, Any]) -> RunPlan:
    """The plan that the given options make. Raises: PlanInvalid; ConnectionNotFound."""
    given = {name: options[name] for name in settings_of(RunPlan) if options.get(name) is not None}
    if _CONNECTION in given:
        given[_CONNECTION] = find_connection(given[_CONNECTION]).pk
    return RunPlan(**given)


def option_of(setting: Setting) -> str:
    return "--minutes" if setting.name == "max_minutes" else f"--{setting.name.replace('_', '-')}"


def _help(setting: Setting) -> str:
    parts = [f"{setting.label}." if setting.label else "", setting.help]
    if setting.value_type in (int, float) and setting.most < _NO_LIMIT:
        parts.append(f"{setting.range_text}{', separated by commas' if setting.longest else ''}.")
    default = setting.blank or setting.placeholder or ("" if setting.value_type is bool else setting.default)
    if default not in ("", None, ()):
        parts.append(f"Default: {default}.")
    return " ".join(filter(None, parts))


def _reader(setting: Setting) -> dict[str, Any]:
    if setting.name == _CONNECTION:
        return {"metavar": "NAME"}
    if setting.value_type is bool:
        return {"action": "store_true", "default": None}
    if setting.value_type is str:
        return {"choices": list(setting.choices)}
    if setting.longest:
        return {"type": lambda text: _numbers(text, setting.value_type)}
    return {"type": setting.value_type}


def _numbers(text: str, kind: type) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers separated by commas") from None
