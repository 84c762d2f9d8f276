"""What the rest of Fulcrum does with notices."""

from notices.delivering import NotGivenUp, deliver_due, send_again, send_test
from notices.models import NoticeKind
from notices.targets import add_target, change_target, choose_mail, rotate_secret
from notices.writing import notify

__all__ = [
    "NotGivenUp",
    "NoticeKind",
    "add_target",
    "change_target",
    "choose_mail",
    "deliver_due",
    "notify",
    "rotate_secret",
    "send_again",
    "send_test",
]
