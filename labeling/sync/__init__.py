"""Bringing studies up to date with Label Studio."""

from labeling.sync.pulling import NothingPublished, SyncResult, sync, sync_all, sync_study
from labeling.sync.rounds import Round, only_one

__all__ = ["NothingPublished", "Round", "SyncResult", "only_one", "sync", "sync_all", "sync_study"]
