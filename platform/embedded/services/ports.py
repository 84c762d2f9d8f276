"""Free ports on 127.0.0.1, remembered so that addresses stay the same from one start to the next.

A port is ours once its socket listens, and while this process lives: the servers that we start inherit that socket,
so that no other process can take the port in between, nor while a server restarts.
"""

import json
import socket
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import Paths, hold_lock

PREFERRED = {"web": 8000, "label-studio": 8080}
HOST = "127.0.0.1"
PORTS_TRIED = 500
BACKLOG = 1024
# By data folder and service.
_held: "dict[tuple[Path, str], socket.socket]" = {}


class NoFreePort(EmbeddedError):
    """No port was free in the range that was tried."""


def hold_port(*, paths: Paths, service: str, first: int | None = None) -> socket.socket:
    """Listen on the remembered port, else on the next free one from `first`. Returns: the same socket at each call."""
    key = (paths.data, service)
    if key not in _held:
        with hold_lock(path=paths.run / "ports.lock"):
            _held[key] = _listen_somewhere(paths, service, first or PREFERRED[service])
    return _held[key]


def release_port(*, paths: Paths, service: str) -> None:
    """Stop listening: connections are refused from now on."""
    listener = _held.pop((paths.data, service), None)
    if listener is not None:
        listener.close()


def claim_port(*, paths: Paths, service: str, first: int | None = None) -> int:
    """Choose and remember a free port for a server that opens its own socket."""
    port: int = hold_port(paths=paths, service=service, first=first).getsockname()[1]
    release_port(paths=paths, service=service)
    return port


def remembered_port(*, paths: Paths, service: str) -> int:
    """The port that the service has, or would have when it starts."""
    return _read(paths).get(service, PREFERRED[service])


def is_port_free(*, port: int) -> bool:
    listener = _listen(port)
    if listener is None:
        return False
    listener.close()
    return True


def _listen_somewhere(paths: Paths, service: str, first: int) -> socket.socket:
    known = _read(paths)
    listener = _listen(known[service]) if service in known else None
    if listener is None:
        listener = _search(first, set(known.values()))
        (paths.run / "ports.json").write_text(json.dumps({**known, service: listener.getsockname()[1]}))
    return listener


def _search(first: int, taken: set[int]) -> socket.socket:
    for port in range(first, first + PORTS_TRIED):
        listener = None if port in taken else _listen(port)
        if listener is not None:
            return listener
    raise NoFreePort(f"No port from {first} to {first + PORTS_TRIED - 1} is free on {HOST}: free one and try again.")


def _listen(port: int) -> socket.socket | None:
    """Listen at once: two sockets can be bound to one port, but only one can listen there."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        return None
    return listener


def _read(paths: Paths) -> dict[str, int]:
    file = paths.run / "ports.json"
    if not file.exists():
        return {}
    return {name: int(port) for name, port in json.loads(file.read_text()).items()}
