"""Typed readers for the environment. Each fails loudly and names the variable."""

import re
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def text(name: str, default: str | None = None) -> str:
    value = env.str(name, default=default)
    if value is None or (value == "" and default is None):
        raise ImproperlyConfigured(f"{name} is not set. `python3 manage.py up` sets it; see docs/settings.md.")
    return str(value)


def number(name: str, default: int, *, minimum: int = 0) -> int:
    raw = env.str(name, default=str(default))
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if value < minimum:
        raise ImproperlyConfigured(f"{name}={value} is too small: {minimum} is the least.")
    return value


def numbers(name: str, default: tuple[int, ...], *, minimum: int = 0) -> tuple[int, ...]:
    raw = env.str(name, default=",".join(map(str, default)))
    try:
        values = tuple(int(part) for part in raw.split(",") if part.strip())
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a list of whole numbers with commas between.") from None
    if any(value < minimum for value in values):
        raise ImproperlyConfigured(f"{name}={raw!r} has a number that is too small: {minimum} is the least.")
    return values


def country(name: str) -> str:
    """Three letters of ISO 3166, or nothing."""
    value = env.str(name, default="").strip().upper()
    if value and not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise ImproperlyConfigured(f"{name}={value!r} is not a country's three letters of ISO 3166, such as DEU.")
    return str(value)


def device(name: str, default: str) -> str:
    """A kind of device, or one device of it such as cuda:0."""
    value = str(env.str(name, default=default))
    if not re.fullmatch(r"cpu|cuda(:\d+)?", value):
        raise ImproperlyConfigured(f"{name}={value!r} is neither cpu nor cuda.")
    return value


def flag(name: str, default: bool = False) -> bool:
    raw = env.str(name, default=str(default)).strip().lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither true nor false.")


def url(name: str, default: str, *, schemes: tuple[str, ...]) -> str:
    value = env.str(name, default=default)
    if value and value.split("://")[0] not in schemes:
        raise ImproperlyConfigured(f"{name} must start with one of {', '.join(schemes)} (then ://).")
    return str(value)


def hosts(name: str, default: str) -> list[str]:
    """Host names with commas between. Not "*": another site's name could then be pointed at this server."""
    found = [part.strip() for part in env.str(name, default=default).split(",") if part.strip()]
    if "*" in found:
        raise ImproperlyConfigured(f"{name}=* answers to every host. Name the hosts, with commas between.")
    return found or [default]


def origins(*urls: str) -> list[str]:
    """The origins of addresses, as a content security policy names them; an empty address has none."""
    return [f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls if url]
