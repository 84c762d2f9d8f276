"""A plan's settings as options of a command."""

import argparse
from typing import Any

from runs.requests.plan import FOR_DISTIL, RunPlan
from training.spec import Setting, settings_of

# The largest id of a database: a range that tells nobody anything.
_NO_LIMIT = 2**63 - 1


def option_of(setting: Setting) -> str:
    return "--minutes" if setting.name == "max_minutes" else f"--{setting.name.replace('_', '-')}"


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    for setting in settings_of(RunPlan).values():
        parser.add_argument(option_of(setting), dest=setting.name, help=_help(setting), **_reader(setting))


def plan_of(options: dict[str, Any]) -> RunPlan:
    return RunPlan(**{name: options[name] for name in settings_of(RunPlan) if options[name] is not None})


def given_for_distil(options: dict[str, Any]) -> list[str]:
    """The options given that only the distil path uses."""
    settings = settings_of(RunPlan)
    return [option_of(settings[name]) for name in FOR_DISTIL if options[name] is not None]


def _help(setting: Setting) -> str:
    parts = [f"{setting.label}." if setting.label else "", setting.help]
    if setting.kind in (int, float) and setting.most < _NO_LIMIT:
        parts.append(f"{setting.range_text}{', separated by commas' if setting.longest else ''}.")
    default = setting.blank or setting.placeholder or ("" if setting.kind is bool else setting.default)
    if default not in ("", None, ()):
        parts.append(f"Default: {default}.")
    return " ".join(filter(None, parts))


def _reader(setting: Setting) -> dict[str, Any]:
    if setting.kind is bool:
        return {"action": "store_true", "default": None}
    if setting.kind is str:
        return {"choices": list(setting.choices)}
    if setting.longest:
        return {"type": lambda text: _numbers(text, setting.kind)}
    return {"type": setting.kind}


def _numbers(text: str, kind: type) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers separated by commas") from None
