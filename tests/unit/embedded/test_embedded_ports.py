import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded.data_folder import Paths
from embedded.services import HOST, NoFreePort, claim_port, hold_port, is_port_free, release_port, remembered_port


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(root=tmp_path, data=tmp_path / "var").make()


@contextmanager
def _somebody_on(port: int) -> Iterator[None]:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
        taken.listen()
        yield


def test_a_free_port_is_used_again(paths: Paths) -> None:
    first = claim_port(paths=paths, service="web", first=21000)
    assert claim_port(paths=paths, service="web", first=22000) == first
    assert remembered_port(paths=paths, service="web") == first


def test_a_taken_port_is_given_up_for_another(paths: Paths) -> None:
    first = claim_port(paths=paths, service="web", first=21000)
    with _somebody_on(first):
        assert claim_port(paths=paths, service="web", first=21000) != first


def test_two_services_never_get_the_same_port(paths: Paths) -> None:
    assert claim_port(paths=paths, service="a", first=21000) != claim_port(paths=paths, service="b", first=21000)


def test_when_nothing_is_free_the_message_names_the_range(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.services.ports.PORTS_TRIED", 1)
    first = claim_port(paths=paths, service="a", first=21000)
    with pytest.raises(NoFreePort, match=str(first)):
        claim_port(paths=paths, service="b", first=first)


def test_a_held_port_can_be_taken_by_nobody_else(paths: Paths, tmp_path: Path) -> None:
    other = Paths(root=tmp_path, data=tmp_path / "other").make()
    ours = hold_port(paths=paths, service="web", first=21100).getsockname()[1]
    theirs = hold_port(paths=other, service="web", first=ours).getsockname()[1]
    release_port(paths=paths, service="web")
    release_port(paths=other, service="web")
    assert theirs != ours


def test_a_held_port_is_the_same_at_each_call_and_free_once_given_back(paths: Paths) -> None:
    held = hold_port(paths=paths, service="web", first=21200)
    port = held.getsockname()[1]
    assert hold_port(paths=paths, service="web") is held
    assert not is_port_free(port=port)
    release_port(paths=paths, service="web")
    assert is_port_free(port=port)
