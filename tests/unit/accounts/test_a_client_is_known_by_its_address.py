import pytest
from django.test import RequestFactory
from pytest_django import Settings

from accounts.addresses import client_address


def address(settings: Settings, *, sender: str = "10.0.0.9", forwarded: str = "", proxies: int = 0) -> str | None:
    settings.PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=sender))


def test_without_a_proxy_what_a_client_claims_counts_nothing(settings: Settings) -> None:
    assert address(settings, forwarded="1.2.3.4") == "10.0.0.9"


@pytest.mark.parametrize(("proxies", "expected"), [(1, "5.6.7.8"), (2, "1.2.3.4"), (3, "10.0.0.9")])
def test_behind_proxies_it_is_what_the_outermost_one_saw(settings: Settings, proxies: int, expected: str) -> None:
    assert address(settings, forwarded="1.2.3.4, 5.6.7.8", proxies=proxies) == expected


def test_what_a_client_adds_on_the_left_changes_nothing(settings: Settings) -> None:
    assert address(settings, forwarded="9.9.9.9, 8.8.8.8, 5.6.7.8", proxies=1) == "5.6.7.8"


def test_what_is_no_address_is_not_taken_for_one(settings: Settings) -> None:
    assert address(settings, forwarded="nonsense", proxies=1) == "10.0.0.9"
    assert address(settings, sender="") is None


def test_an_ipv6_network_is_one_client(settings: Settings) -> None:
    first, second = (address(settings, sender=f"2001:db8:1:2::{last}") for last in ("1", "ffff:1"))
    assert first == second == "2001:db8:1:2::"
    assert address(settings, sender="::ffff:1.2.3.4") == "1.2.3.4"
