"""What Label Studio calls: the webhook, access questions, lead time reports."""

from labeling.endpoints.cuts import num_cut
from labeling.endpoints.views import access, lead_time_cut, webhook

__all__ = ["access", "lead_time_cut", "num_cut", "webhook"]
