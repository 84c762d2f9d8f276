import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditRecord, Role, User
from studies.models import Study
from tests import factories


@pytest.fixture
def bob(db: None) -> User:
    return factories.person(Role.MANAGER, name="Bob", email="bob@example.com")


def written(actor: User | None, **fields: Any) -> AuditRecord:
    return AuditRecord.objects.create(
        actor=actor,
        actor_email=actor.email if actor else "",
        subject_type="budget",
        **{
            "action": "budget.limit",
            "subject": "Budget “A”",
            "before": {"limit": "10"},
            "after": {"limit": "12"},
            **fields,
        },
    )


def shown(admin: Client, **filters: str) -> list[AuditRecord]:
    return list(admin.get("/audit/", filters).context["page"])


def test_a_change_stands_there_from_what_to_what(admin: Client, bob: User) -> None:
    written(bob)
    page = admin.get("/audit/").content.decode()
    assert "bob@example.com" in page and "Budget: limit" in page
    assert '10<span aria-hidden="true"> → </span><span class="visually-hidden"> became </span>12' in page


def test_filters_leave_what_was_asked_for(admin: Client, bob: User, study: Study) -> None:
    by_bob = written(bob, at=datetime(2026, 1, 2, 23, 59, tzinfo=UTC))
    by_itself = written(None, action="budget.stop", subject="Budget “B”", at=datetime(2026, 1, 3, tzinfo=UTC))
    of_study = written(bob, action="run.start", budget_id=study.budget_id, subject="Run 7")
    assert shown(admin, who="fulcrum") == [by_itself]
    assert shown(admin, action="budget.limit") == [by_bob]
    assert shown(admin, subject="run 7") == [of_study]
    assert of_study in shown(admin, study=str(study.pk))
    assert by_bob not in shown(admin, study=str(study.pk))
    assert shown(admin, since="2026-01-02", until="2026-01-02") == [by_bob]
    assert shown(admin, who=str(bob.pk)) == [of_study, by_bob]


def test_days_in_the_wrong_order_are_explained_and_show_nothing(admin: Client, bob: User) -> None:
    written(bob)
    answer = admin.get("/audit/", {"since": "2026-01-02", "until": "2026-01-01"})
    assert "This is before 2026-01-02" in answer.content.decode()
    assert not answer.context["page"].object_list


def test_a_filter_that_makes_no_sense_exports_nothing(admin: Client) -> None:
    answer = admin.get("/audit.csv", {"since": "yesterday"})
    assert (answer.status_code, b"valid date" in answer.content) == (400, True)


def test_the_export_is_streamed_filtered_and_safe(admin: Client, bob: User) -> None:
    written(bob, subject="=1+1")
    written(None)
    answer: Any = admin.get("/audit.csv", {"who": str(bob.pk)})
    assert answer.streaming and answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    (row,) = csv.DictReader(line.decode() for line in answer.streaming_content)
    assert (row["who"], row["subject"], row["after"]) == ("bob@example.com", "'=1+1", '{"limit": "12"}')


def test_records_come_in_pages_and_the_export_keeps_the_filters(admin: Client, bob: User) -> None:
    for _ in range(51):
        written(bob)
    page = admin.get("/audit/", {"who": str(bob.pk), "page": "2"})
    assert len(page.context["page"]) == 1
    assert f'/audit.csv?who={bob.pk}"' in page.content.decode()


def test_ones_own_new_password_leaves_a_record(bob: User) -> None:
    client = Client()
    client.force_login(bob)
    new = "a very long new password"
    client.post("/password/", {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new})
    bob.refresh_from_db()
    assert bob.check_password(new)
    assert AuditRecord.objects.get(action="person.password").after == {"password": "changed"}
    assert client.get("/").status_code == 200
