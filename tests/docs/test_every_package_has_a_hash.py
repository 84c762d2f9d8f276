import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# It has other files for each kind of accelerator.
WITHOUT_HASH = {"torch"}
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)(.*)$")


def pins(file: str) -> dict[str, tuple[str, str]]:
    """Read each package's version and the rest of its line."""
    found = map(PIN.match, (ROOT / file).read_text().splitlines())
    return {one[1].lower(): (one[2], one[3]) for one in found if one}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-label-studio"])
def test_a_lock_has_what_is_asked_for(name: str) -> None:
    locked = pins(f"{name}.lock")
    for package, (version, _) in pins(f"{name}.txt").items():
        assert package in WITHOUT_HASH or locked[package][0] == version


@pytest.mark.parametrize(
    "file", ["requirements.lock", "requirements-dev.lock", "requirements-label-studio.lock", "requirements-weights.txt"]
)
def test_every_line_has_a_hash(file: str) -> None:
    text = (ROOT / file).read_text()
    found = pins(file)
    assert found and all(rest.endswith("\\") for _, rest in found.values())
    assert text.count("--hash=sha256:") >= len(found)


def test_what_fulcrum_needs_is_what_its_tests_need() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()
