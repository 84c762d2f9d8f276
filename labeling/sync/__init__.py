"""Bringing studies up to date with Label Studio."""

from labeling.sync.project_sync import NothingPublished, SyncResult, sync, sync_all, sync_study
from labeling.sync.scheduled import ScheduledJob, only_one

__all__ = ["NothingPublished", "ScheduledJob", "SyncResult", "only_one", "sync", "sync_all", "sync_study"]
