import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role
from accounts.operations import change_person
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


def audit(**options: Any) -> list[dict[str, str]]:
    out = StringIO()
    call_command("audit", stdout=out, **options)
    return list(csv.DictReader(StringIO(out.getvalue())))


def test_the_trail_is_printed_with_the_latest_first() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person()
    change_person(actor=admin, person=person, role=Role.ADMIN, is_active=True)
    change_person(actor=admin, person=person, role=Role.ANNOTATOR, is_active=True)
    assert [row["after"] for row in audit()] == ['{"role": "annotator"}', '{"role": "admin"}']
    assert audit(by=person.email) == []
    assert audit(until="2020-01-01") == []


def test_one_study_is_told_apart() -> None:
    study: Study = factories.study()
    factories.study()
    assert {row["budget_id"] for row in audit(study=study.name)} == {str(study.budget_id)}
    assert [row["action"] for row in audit(study=str(study.pk), action="study.create")] == ["study.create"]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    study = factories.study()
    out = StringIO()
    call_command("audit", csv=tmp_path / "new" / "audit.csv", study=study.name, action="study.create", stdout=out)
    assert "1 records written" in out.getvalue()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["audit.csv"]
    assert study.name in (tmp_path / "new" / "audit.csv").read_text()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"since": "yesterday"}, "--since yesterday: this is not a day"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "is before --since"),
        ({"by": "nobody@example.com"}, "--by: no one here has the e-mail"),
        ({"study": "Nothing"}, "Nothing"),
        ({"action": "nope"}, "no change of this kind is recorded. Recorded are: "),
        ({"csv": Path("/proc/audit.csv")}, "Name a file that can be written"),
    ],
)
def test_bad_input_says_what_to_mend(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        audit(**options)
