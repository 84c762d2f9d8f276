from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from labeling.server.access.identity import Caller


@dataclass(frozen=True, kw_only=True)
class GuardedRequest:
    """A request to Label Studio: its named route, the values in its address, and who sent it."""

    http: HttpRequest
    route: str
    kwargs: dict[str, Any]
    caller: Caller

    @property
    def method(self) -> str:
        return self.http.method
