"""Typed readers for what Fulcrum's settings for Label Studio take from the environment. Each names the variable."""

import os
from urllib.parse import urlsplit

LOOPBACK = ["127.0.0.1", "localhost"]


def text(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set for Label Studio; see docs/how-to/label-studio.md.")
    return value


def number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal():
        raise ValueError(f"{name}={value!r} is not a whole number.")
    return int(value)


def host_names(url: str) -> list[str]:
    """List the names under which a server at this address is asked for."""
    host = urlsplit(url).hostname
    if not host:
        raise ValueError(f"LABEL_STUDIO_URL={url!r} names no host.")
    return LOOPBACK if host in LOOPBACK else [host]
