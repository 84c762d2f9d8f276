"""Who sends a request, and what its body may contain."""

from labeling.server.access.bodies import ANNOTATION, BodyRefused, check_body, check_sign_in, read_body, replace_body
from labeling.server.access.fulcrum import ask_role, report_cut
from labeling.server.access.identity import (
    ENTRY,
    ForeignOrigin,
    GuardedRequest,
    NotSignedIn,
    check_origin,
    identify,
)

__all__ = [
    "ANNOTATION",
    "ENTRY",
    "BodyRefused",
    "ForeignOrigin",
    "GuardedRequest",
    "NotSignedIn",
    "ask_role",
    "check_body",
    "check_origin",
    "check_sign_in",
    "identify",
    "read_body",
    "replace_body",
    "report_cut",
]
