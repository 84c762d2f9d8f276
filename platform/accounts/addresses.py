"""Where a request comes from."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

# Whoever has one IPv6 address usually has all of its network.
_IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> str | None:
    """The client's IPv4 address, or its IPv6 network; behind `FULCRUM_PROXIES` proxies, as the outermost one tells it.

    Each proxy adds the address it was called from at the right of X-Forwarded-For; what stands further left is the
    client's own word.
    """
    sender = request.META.get("REMOTE_ADDR")
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if settings.PROXIES and len(forwarded) >= settings.PROXIES:
        sender = _address(forwarded[-settings.PROXIES]) or sender
    return _address(sender) if sender else None


def _address(text: str) -> str | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((int(found), _IPV6_PREFIX), strict=False).network_address)
    return str(found)
