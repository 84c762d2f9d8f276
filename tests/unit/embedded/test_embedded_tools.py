from pathlib import Path

import pytest

from embedded.installation import ToolMissing, ensure_redis_server, find_chromium

# Stands for apt-get: "installing" puts the last argument's program on the path.
APT = """#!/bin/sh
[ "$1" = install ] || exit 0
for name; do :; done
printf '#!/bin/sh\\n' > "$(dirname "$0")/$name"
/bin/chmod +x "$(dirname "$0")/$name"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path, and nothing is in it."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    return tmp_path


def _give_apt(folder: Path) -> None:
    (folder / "apt-get").write_text(APT.replace("dirname", "/usr/bin/dirname"))
    (folder / "apt-get").chmod(0o755)


def test_root_gets_a_missing_redis_from_apt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    _give_apt(folder)
    assert ensure_redis_server(log=folder / "log") == folder / "redis-server"


def test_without_root_a_missing_redis_is_one_clear_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    _give_apt(folder)
    with pytest.raises(ToolMissing, match="apt install redis-server"):
        ensure_redis_server(log=folder / "log")


def test_the_browser_that_playwright_fetched_is_found(folder: Path) -> None:
    program = folder / "browsers" / "chromium-1200" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.touch()
    assert find_chromium() == program
