"""Talking to Label Studio: its API, its projects, its outages."""

from labeling.label_studio.client import (
    CONNECT_TIMEOUT_SECONDS,
    IMPORT_TIMEOUT_SECONDS,
    WRITE_TIMEOUT_SECONDS,
    KeptOpen,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    ListedExample,
    Withdrawal,
    translated,
)
from labeling.label_studio.connecting import connect, sdk_client
from labeling.label_studio.fetching import FetchedExample, fetch
from labeling.label_studio.overlap import correct_overlap, set_overlap_of, set_overlap_of_batch
from labeling.label_studio.project import (
    SECRET_HEADER,
    connected_url,
    ensure_project,
    update_project,
    url_of,
)
from labeling.label_studio.remote import RemoteAnnotation, RemoteExample, storable

__all__ = [
    "CONNECT_TIMEOUT_SECONDS",
    "IMPORT_TIMEOUT_SECONDS",
    "SECRET_HEADER",
    "WRITE_TIMEOUT_SECONDS",
    "FetchedExample",
    "KeptOpen",
    "LabelStudioClient",
    "LabelStudioRefused",
    "LabelStudioUnreachable",
    "ListedExample",
    "RemoteAnnotation",
    "RemoteExample",
    "Withdrawal",
    "connect",
    "connected_url",
    "correct_overlap",
    "ensure_project",
    "fetch",
    "sdk_client",
    "set_overlap_of",
    "set_overlap_of_batch",
    "storable",
    "translated",
    "update_project",
    "url_of",
]
