"""Bringing studies up to date with Label Studio."""

from labeling.sync.project_sync import fetch_all, published_project, sync, sync_all, sync_study

__all__ = ["fetch_all", "published_project", "sync", "sync_all", "sync_study"]
