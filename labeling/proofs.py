"""How a server shows that it is ours before a password is sent to it.

Both sides import this module, and they share no Django version: only the standard library here.
"""

import hashlib
import hmac
import re

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{20,64}")


def proof(*, key: str, challenge: str, port: int) -> str:
    """Answer a challenge as only a holder of the key can.

    The port that the server listens on is part of it, so that nobody can hand the challenge on to the true server.
    """
    text = f"fulcrum-proof:{port}:{challenge}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
