"""The one public door to labelling. Each function's contract is where it is defined."""

from labeling.already_labelled import WithdrawResult, follow_imported_labels, withdraw_labelled_of
from labeling.client import LabelStudioRefused, LabelStudioUnreachable
from labeling.entry import enter_url
from labeling.hints import HintRefused, receive_hint, sync_hinted
from labeling.project import follow_study
from labeling.publish import PublishResult, publish
from labeling.replay import ReplayResult, replay
from labeling.stopping import follow_stops
from labeling.sync import NothingPublished, SyncResult, sync, sync_all, sync_study

__all__ = [
    "HintRefused",
    "LabelStudioRefused",
    "LabelStudioUnreachable",
    "NothingPublished",
    "PublishResult",
    "ReplayResult",
    "SyncResult",
    "WithdrawResult",
    "enter_url",
    "follow_imported_labels",
    "follow_stops",
    "follow_study",
    "publish",
    "receive_hint",
    "replay",
    "sync",
    "sync_all",
    "sync_hinted",
    "sync_study",
    "withdraw_labelled_of",
]
