"""What Label Studio and browsers call: the webhook, access questions, cuts of paid time."""

from labeling.endpoints.cuts import num_cut
from labeling.endpoints.hints import sync_hinted

__all__ = ["num_cut", "sync_hinted"]
