"""How Chromium is started, for tests and for pictures."""

from pathlib import Path

from playwright.sync_api import Browser, Playwright

_ARGUMENTS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync"""


def launch(playwright: Playwright, program: Path) -> Browser:
    return playwright.chromium.launch(executable_path=str(program), args=_ARGUMENTS.split())
