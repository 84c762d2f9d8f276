"""Entering Label Studio by a ticket, leaving it, and proving to Fulcrum that this is its own Label Studio."""

from labeling.server.entry.proof import prove
from labeling.server.entry.tickets import enter, leave

__all__ = ["enter", "leave", "prove"]
