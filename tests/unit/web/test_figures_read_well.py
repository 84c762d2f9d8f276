from datetime import timedelta
from decimal import Decimal

import pytest

from web.presenters import money
from web.templatetags.fulcrum import duration, percent, share_width


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (4.25, "4.2 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (200000, "2 days"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    assert duration(timedelta(seconds=seconds)) == text


def test_no_duration_is_a_dash() -> None:
    assert duration(None) == "\N{EN DASH}"


def test_an_amount_keeps_all_of_its_digits_in_the_title() -> None:
    assert 'title="1.234567 USD">$1.23<' in money(Decimal("1.234567"), "USD")


def test_a_small_amount_is_not_shown_as_nothing() -> None:
    assert "$0.000444" in money(Decimal("0.000444"), "USD")


def test_a_share_is_shown_in_percent() -> None:
    assert percent(0.6934) == "69.3 %"


@pytest.mark.parametrize(("fraction", "shown"), [(0.3, "30.0"), (None, "0.0"), (1.7, "100.0")])
def test_progress_stays_within_its_bar(fraction: float | None, shown: str) -> None:
    assert share_width(fraction) == shown
