from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.refusals import Refusal
from reports.autopilot import AutopilotSettings


def read(**settings: Any) -> dict[str, Any]:
    return AutopilotSettings(**{"share_a_day": "0.1", "cap": "50", **settings}).read()


def test_shares_and_amounts_are_read_exactly() -> None:
    until = timezone.localdate()
    assert read(share_a_day="0.0333", cap="0.000001", target="0.9", until=until) == {
        "share_a_day": Decimal("0.0333"),
        "cap": Decimal("0.000001"),
        "target": 0.9,
        "until": until,
    }


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"share_a_day": "0"}, "share_a_day"),
        ({"share_a_day": "1.01"}, "share_a_day"),
        ({"share_a_day": "NaN"}, "share_a_day"),
        ({"share_a_day": "much"}, "share_a_day"),
        ({"cap": "0"}, "cap"),
        ({"cap": "1,000.5"}, "cap"),
        ({"target": "90"}, "target"),
        ({"until": date(2020, 1, 1)}, "until"),
        ({"until": timezone.localdate() - timedelta(days=1)}, "until"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(**settings)
    assert refused.value.field == field


@pytest.mark.parametrize("switch", [[], ["--off"]])
@pytest.mark.parametrize("option", [["--cap", "5"], ["--share-a-day", "0.1"], ["--target", "0.9"]])
def test_a_setting_that_changes_nothing_is_refused(switch: list[str], option: list[str]) -> None:
    with pytest.raises(CommandError, match=f"{option[0]} counts with --on only"):
        call_command("autopilot", "a study", *switch, *option)
