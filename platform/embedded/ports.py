"""Free ports on 127.0.0.1, remembered, so that addresses stay the same from one start to the next."""

import json
import socket

from embedded import EmbeddedError, locks
from embedded.paths import Paths

PREFERRED = {"web": 8000, "label-studio": 8080}
HOST = "127.0.0.1"
TRIED = 500


class NoFreePort(EmbeddedError):
    """Nothing was free in the range that was tried."""


def claim(*, paths: Paths, service: str, first: int | None = None) -> int:
    """The remembered port when it is still free, else the next free one from `first` upwards."""
    with locks.exclusive(path=paths.run / "ports.lock"):
        known = _read(paths)
        if service in known and is_free(port=known[service]):
            return known[service]
        taken = set(known.values())
        port = _search(first or PREFERRED[service], taken)
        (paths.run / "ports.json").write_text(json.dumps({**known, service: port}))
        return port


def remembered(*, paths: Paths, service: str) -> int:
    """The port that the service has, or would have when it starts."""
    return _read(paths).get(service, PREFERRED[service])


def is_free(*, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _search(first: int, taken: set[int]) -> int:
    for port in range(first, first + TRIED):
        if port not in taken and is_free(port=port):
            return port
    raise NoFreePort(f"No port from {first} to {first + TRIED - 1} is free on {HOST}: stop something and try again.")


def _read(paths: Paths) -> dict[str, int]:
    file = paths.run / "ports.json"
    if not file.exists():
        return {}
    return {name: int(port) for name, port in json.loads(file.read_text()).items()}
