"""What the rest of Fulcrum does with notices."""

from notices.models import NoticeKind
from notices.writing import notify

__all__ = ["NoticeKind", "notify"]
