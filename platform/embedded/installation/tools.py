"""System programs that tests need: found, else installed, else named in an error."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import open_log
from embedded.environment import scrubbed

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class ToolMissing(EmbeddedError):
    """A program is missing and could not be installed."""


def find_chromium() -> Path | None:
    """The browser for tests: the system's, else the one that Playwright downloaded."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return next(iter(sorted(cache.glob("chromium-*/chrome-linux*/chrome"))), None)


def find_redis_server() -> Path | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(found) if found else None


def ensure_chromium(*, log: Path) -> Path:
    found = find_chromium()
    if found is None:
        if not _apt("chromium", log):
            _run([sys.executable, "-m", "playwright", "install", "chromium"], log)
        found = find_chromium()
    if found is None:
        raise ToolMissing(f"The browser tests need Chromium, which could not be installed (see {log}): install it.")
    return found


def ensure_redis_server(*, log: Path) -> Path:
    found = find_redis_server()
    if found is None:
        _apt("redis-server", log)
        found = find_redis_server()
    if found is None:
        raise ToolMissing(
            f"The tests of jobs on Redis need redis-server, which could not be installed (see {log}): "
            "install it, for example with `sudo apt install redis-server`."
        )
    return found


def _apt(package: str, log: Path) -> bool:
    """Install with apt, which needs root. Returns: whether that worked."""
    print(f"{package}: installing (log: {log})", flush=True)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    install = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    return _run(["apt-get", "update"], log) and _run(install, log)


def _run(command: Sequence[str], log: Path) -> bool:
    log.parent.mkdir(parents=True, exist_ok=True)
    # Not every machine has policy-rc.d: apt must not start the server whose program it installs.
    environment = {**scrubbed(), "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with open_log(log) as stream:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment, check=False
        )
    return done.returncode == 0
