import pytest
from pytest_django import Settings

from connections.client import Endpoint
from connections.keys import KeyUnreadable, decrypt_key, encrypt_key


def test_a_key_is_read_back_and_is_not_in_what_is_stored() -> None:
    stored = encrypt_key("sk-secret")
    assert decrypt_key(stored) == "sk-secret"
    assert "secret" not in stored and encrypt_key("sk-secret") != stored


def test_no_key_stays_none() -> None:
    assert (encrypt_key(""), decrypt_key("")) == ("", "")


def test_under_another_secret_key_it_cannot_be_read(settings: Settings) -> None:
    stored, before = encrypt_key("sk-secret"), settings.SECRET_KEY
    settings.SECRET_KEY = "another"
    with pytest.raises(KeyUnreadable, match="Enter the key again"):
        decrypt_key(stored)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert decrypt_key(stored) == "sk-secret"


def test_an_endpoint_is_written_without_its_key() -> None:
    assert "sk-secret" not in repr(Endpoint(url="http://a", model="m", key="sk-secret"))
