import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

import training.models.hub
import training.models.pretrained
from tests.tiny_t5 import write_tiny_t5
from training.models import load_pretrained
from training.models.hub import is_reachable
from training.models.pretrained import Pretrained, PretrainedMissing
from training.spec import ModelSource

REVISION = "1" * 40


@pytest.fixture
def cache(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a hub's cache that holds an encoder and a T5, on a machine without a network."""
    for name, folder in (("encoder", tiny_folder), ("writer", write_tiny_t5(tmp_path / "t5"))):
        model = tmp_path / "cache" / f"models--team--{name}"
        shutil.copytree(folder, model / "snapshots" / REVISION)
        (model / "refs").mkdir()
        (model / "refs" / "main").write_text(REVISION)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(training.models.pretrained, "is_reachable", lambda: False)
    return tmp_path / "cache"


def load(name: str, revision: str | None = None) -> Pretrained:
    return load_pretrained(source=ModelSource(source="hub", name=name, revision=revision), max_length=16)


@pytest.mark.parametrize("revision", [None, "main", REVISION])
@pytest.mark.parametrize(("name", "writes"), [("team/encoder", False), ("team/writer", True)])
def test_what_the_cache_holds_needs_no_network(cache: Path, name: str, writes: bool, revision: str | None) -> None:
    assert load(name, revision).writes is writes


@pytest.mark.parametrize(("name", "revision"), [("team/other", None), ("team/encoder", "v2")])
def test_what_it_does_not_hold_is_refused_at_once(cache: Path, name: str, revision: str | None) -> None:
    started = time.monotonic()
    with pytest.raises(PretrainedMissing, match="cannot be reached"):
        load(name, revision)
    assert time.monotonic() - started < 5


@pytest.fixture
def door() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_hub_that_answers_is_asked(door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(training.models.hub, "getproxies", dict)
    assert is_reachable(f"http://127.0.0.1:{door}")
    assert not is_reachable("http://127.0.0.1:1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_reachable(f"http://127.0.0.1:{door}")


def test_behind_a_proxy_only_the_proxy_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(training.models.hub, "getproxies", lambda: {"http": "http://127.0.0.1:2"})
    assert is_reachable("http://127.0.0.1:1")
