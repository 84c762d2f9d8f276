"""What Label Studio asks of us: the webhook, who may do what there, cuts of paid time."""

from labeling.endpoints.access import answer
from labeling.endpoints.cuts import note_cut, num_cut
from labeling.endpoints.hints import HintRefused, receive_hint, sync_hinted

__all__ = ["HintRefused", "answer", "note_cut", "num_cut", "receive_hint", "sync_hinted"]
