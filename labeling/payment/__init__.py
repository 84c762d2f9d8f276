"""What an annotator is paid for an answer."""

from labeling.payment.pay import (
    Terms,
    has_overshot,
    paid_quantity,
    pay_answer,
    pay_skip,
    stop_at,
    take_back_skips,
    terms_of,
)
from labeling.payment.rebuilt import rebuilt_pay

__all__ = [
    "Terms",
    "has_overshot",
    "paid_quantity",
    "pay_answer",
    "pay_skip",
    "rebuilt_pay",
    "stop_at",
    "take_back_skips",
    "terms_of",
]
