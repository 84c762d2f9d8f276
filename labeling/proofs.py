"""How a Label Studio shows that it is ours before a password or a token is sent to it.

Both sides import this module, and they share no Django version: only the standard library here.
"""

import hashlib
import hmac
import re
import secrets
from urllib.parse import urlsplit

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{20,64}")
PATH = "fulcrum/prove"
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


def new_challenge() -> str:
    return secrets.token_urlsafe(24)


def proof(*, key: str, challenge: str, port: int) -> str:
    """Answer a challenge as only a holder of the key can, with the port that the server listens on."""
    text = f"fulcrum-proof:{port}:{challenge}"
    return f"{port}:{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def is_proven(*, key: str, challenge: str, url: str, answer: str) -> bool:
    """Check an answer. On this machine the port must be the URL's: else a stranger could ask the true server for us."""
    port = answer.strip().partition(":")[0]
    if not port.isascii() or not port.isdecimal() or len(port) > 5:
        return False
    parts = urlsplit(url)
    # Elsewhere a proxy may have a port of its own.
    if parts.hostname in _THIS_MACHINE and int(port) != parts.port:
        return False
    wanted = proof(key=key, challenge=challenge, port=int(port))
    return hmac.compare_digest(answer.strip().encode(), wanted.encode())
