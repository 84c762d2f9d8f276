"""How a setting is declared: checks, form fields, command options and documents are made from the declaration."""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, ClassVar, NoReturn, get_args, get_origin, get_type_hints

from training.runtime import PermanentFailure


class SpecInvalid(PermanentFailure):
    """spec.json asks for something that cannot be done."""


class FormGroup(StrEnum):
    """Where a form shows a setting; those that most people need are in none."""

    SEARCH = "search"
    MODEL = "model"
    DISTILLING = "distilling"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a setting may be, and what people read about it.

    With `longest` it is a list of so many values; `choices` have a label each. Without a `label` it is left to the
    command line. `blank` says what holds where nothing is given, `placeholder` shows it.
    """

    name: str = ""
    value_type: type = str
    default: Any = None
    may_be_none: bool = False
    least: float = 0
    most: float = 0
    longest: int = 0
    is_increasing: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    help: str = ""
    blank: str = ""
    placeholder: str = ""
    group: FormGroup | None = None

    def fault(self, value: object) -> str:
        """What is wrong with a value, as a sentence; empty where nothing is."""
        # An empty list, as JSON has it, is the default of a list.
        given = tuple(value) if isinstance(value, list) else value
        if given == self.default and type(given) is type(self.default):
            return ""
        return self._fault_of_list(value) if self.longest else self._fault_of_one(value)

    @property
    def range_text(self) -> str:
        """As a help text has it."""
        return f"{self.least:,} to {self.most:,}" if self.value_type in (int, float) else ", ".join(self.choices)

    def _fault_of_list(self, values: object) -> str:
        if not isinstance(values, list | tuple):
            return f"{values!r} is not a list of numbers."
        if fault := next(filter(None, map(self._fault_of_one, values)), ""):
            return fault
        if not 1 <= len(values) <= self.longest:
            return f"{len(values)} given; give between 1 and {self.longest:,}."
        if len(set(values)) < len(values):
            return "duplicate value. Name each once."
        if self.is_increasing and list(values) != sorted(values):
            return "give them in increasing order, such as 0, 2, 5."
        return ""

    def _fault_of_one(self, value: object) -> str:
        if self.value_type is bool:
            return "" if isinstance(value, bool) else f"{value!r} is not true or false."
        if self.value_type is str:
            return "" if value in self.choices else f"{value!r} is not one of {', '.join(self.choices)}."
        kinds = (int, float) if self.value_type is float else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds):
            return f"{value!r} is not a {'' if self.value_type is float else 'whole '}number."
        return "" if self.least <= value <= self.most else f"{value} is not between {self.least:,} and {self.most:,}."


def setting(default: Any, **values: Any) -> Any:
    """Declare a setting of a dataclass, by the fields of `Setting`; name and type are the attribute's own."""
    return field(default=default, metadata={"setting": Setting(default=default, **values)})


def like(cls: type[Any], name: str, default: Any = None, **values: Any) -> Any:
    """Declare a setting with the range and choices of another."""
    declared = settings_of(cls)[name]
    return field(default=default, metadata={"setting": replace(declared, default=default, **values)})


def settings_of(cls: type[Any]) -> dict[str, Setting]:
    """The settings that a class declares or inherits, by name, in the order of its fields."""
    hints = get_type_hints(cls)
    return {
        one.name: replace(one.metadata["setting"], name=one.name, **_typed(hints[one.name]))
        for one in fields(cls)
        if "setting" in one.metadata
    }


def _typed(hint: Any) -> dict[str, Any]:
    """The type in an annotation such as `int`, `float | None` or `tuple[int, ...]`."""
    may_be_none = isinstance(hint, types.UnionType)
    inner = next(one for one in get_args(hint) if one is not types.NoneType) if may_be_none else hint
    return {"value_type": get_args(inner)[0] if get_origin(inner) is tuple else inner, "may_be_none": may_be_none}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings that are checked when they are made. A list, as JSON has it, becomes a tuple."""

    # Its key in spec.json; none for the top level.
    section: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for name, one in settings_of(type(self)).items():
            value = getattr(self, name)
            if fault := one.fault(value):
                self.refuse(name, fault)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        self.check_together()

    def check_together(self) -> None:
        """Check what one setting means for another."""

    @classmethod
    def refuse(cls, name: str, fault: str) -> NoReturn:
        raise SpecInvalid(f"spec.json, {f'{cls.section}.' if cls.section else ''}{name}: {fault}")
