"""Keys of connections: encrypted in the database, readable only with the installation's secret key."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes

from config.refusals import Refusal

_PURPOSE = b"fulcrum.connections.key:"


class KeyUnreadable(Refusal):
    """The stored key was encrypted under another secret key of the installation."""


def encrypt_key(key: str) -> str:
    return _cipher().encrypt(key.encode()).decode() if key else ""


def decrypt_key(encrypted: str) -> str:
    """Raises: KeyUnreadable."""
    try:
        return _cipher().decrypt(encrypted.encode()).decode() if encrypted else ""
    except InvalidToken:
        raise KeyUnreadable(
            "The stored key cannot be read: FULCRUM_SECRET_KEY has changed since it was entered. Enter the key again.",
            field="key",
        ) from None


def _cipher() -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret: str | bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + force_bytes(secret)).digest()))
