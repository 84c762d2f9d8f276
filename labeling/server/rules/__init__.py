"""Access rules: roles, the routes of each, and what is removed from an answer. Knows no Label Studio."""

from labeling.server.rules.redaction import redact
from labeling.server.rules.role_cache import FulcrumUnreachable, RoleCache
from labeling.server.rules.routes import ACTIONS, EMPTY, READS, STAFF_ROLES, CallerGroup, allows

__all__ = [
    "ACTIONS",
    "EMPTY",
    "READS",
    "STAFF_ROLES",
    "CallerGroup",
    "FulcrumUnreachable",
    "RoleCache",
    "allows",
    "redact",
]
