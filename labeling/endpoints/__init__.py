"""What Label Studio calls: the webhook, access questions, lead time reports."""

from labeling.endpoints.access import reply_to
from labeling.endpoints.cuts import note_cut, num_cut
from labeling.endpoints.hints import HintRefused, note_hint

__all__ = ["HintRefused", "note_cut", "note_hint", "num_cut", "reply_to"]
