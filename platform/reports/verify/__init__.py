"""Rebuilding every total from its source records."""

from reports.verify.checks import verify

__all__ = ["verify"]
