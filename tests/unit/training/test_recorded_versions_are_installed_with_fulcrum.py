from pathlib import Path

import pytest

from training.reporting.meter import PACKAGES

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements.txt"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_run_records_is_pinned_for_run_time_not_only_for_tests(package: str) -> None:
    assert any(line.startswith(f"{package}==") for line in REQUIREMENTS.read_text().splitlines())
