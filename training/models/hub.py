"""Whether the model hub can be reached; the library would try an unreachable one for half a minute."""

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants

SECONDS_TO_KNOCK = 3.0
PORTS = {"https": 443, "http": 80}


def is_reachable(endpoint: str = constants.ENDPOINT) -> bool:
    """Say whether the hub answers within seconds; behind a proxy only the proxy can tell: True."""
    if constants.HF_HUB_OFFLINE:
        return False
    address = urlsplit(endpoint)
    if address.scheme in getproxies():
        return True
    try:
        door = (address.hostname or "", address.port or PORTS.get(address.scheme, 443))
        socket.create_connection(door, timeout=SECONDS_TO_KNOCK).close()
    except OSError:
        return False
    return True
