"""What tests of labelling share: a real Label Studio, a published study, and annotators signed in to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from accounts.models import Role, User
from budgets.limits import resume, stop_everything
from budgets.models import Budget
from labeling.label_studio import LabelStudioClient, connect
from labeling.models import Annotation, LabelingProject, Publication
from labeling.sign_in import ticket_url
from labeling.sync import sync
from labeling.widgets import widget_of
from labeling.withdraw import follow_stops
from reports.verify import verify
from studies.models import Study
from studies.task_types import TASK_TYPES
from tests import factories
from tests.labelling import published_study
from tests.services import LabelStudioServer

NOTHING_PICKED = {
    "ordering": [],
    "selectedItems": {"all": False, "included": []},
    "filters": {"conjunction": "and", "items": []},
}
HOME = "/api/current-user/whoami"
Call = Callable[[str, str, object], httpx.Response]


@dataclass
class Member:
    """A person signed in to Label Studio by a ticket, as their browser would be."""

    person: User
    http: httpx.Client
    server: LabelStudioServer
    id: int = field(default=0)

    def enter(self) -> int:
        """Come in by a ticket. Returns: who they are in Label Studio."""
        answer = self.http.get(ticket_url(person=self.person, page=HOME))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def work(self, seconds: float) -> None:
        """Let time go by at Label Studio for this person: whatever they began, they began that much earlier."""
        earlier = {
            "fulcrum_server_persontime": ("entered_at", "counted_at"),
            "fulcrum_server_exampletime": ("opened_at", "counted_at"),
        }
        with self.server.database() as database:
            for table, columns in earlier.items():
                moved = ", ".join(f"{name} = {name} - interval '{seconds} seconds'" for name in columns)
                database.execute(f"UPDATE {table} SET {moved} WHERE user_id = {self.id}".encode())

    def annotate(self, example_id: int, value: str = "good", **fields: Any) -> httpx.Response:
        """Answer after as much work as the lead time tells."""
        result = widget_of(TASK_TYPES["text_classification"]).result(target=value, fields={})
        body = {"result": result, "unique_id": str(uuid4()), "lead_time": 4.5, **fields}
        if isinstance(body["lead_time"], int | float) and 0 < body["lead_time"] < 1e6:
            self.work(body["lead_time"])
        return self.http.post(f"/api/tasks/{example_id}/annotations", json=body)

    def open_next(self, study: Study) -> int | None:
        """Ask for the next example, as Label Studio's page does; None where there is none."""
        query: dict[str, str | int] = {"id": "next_task", "project": project_id(study)}
        answer = self.http.post("/api/dm/actions", params=query, json=NOTHING_PICKED)
        assert answer.status_code in (200, 404), answer.text
        return answer.json()["id"] if answer.status_code == 200 else None

    def skip(self, example_id: int) -> httpx.Response:
        return self.annotate(example_id, result=[], was_cancelled=True)

    def edit(self, annotation_id: int, value: str, **fields: Any) -> httpx.Response:
        result = widget_of(TASK_TYPES["text_classification"]).result(target=value, fields={})
        self.work(fields.get("lead_time", 0))
        return self.http.patch(f"/api/annotations/{annotation_id}", json={"result": result, **fields})


Enter = Callable[[User], Member]


@pytest.fixture
def client_of(label_studio: LabelStudioServer) -> LabelStudioClient:
    """The service's own connection."""
    return connect()


@pytest.fixture
def enter(label_studio: LabelStudioServer) -> Iterator[Enter]:
    with ExitStack() as stack:

        def sign_in(person: User) -> Member:
            http = stack.enter_context(httpx.Client(base_url=label_studio.url, follow_redirects=True, timeout=30))
            member = Member(person=person, http=http, server=label_studio)
            member.id = member.enter()
            return member

        yield sign_in


@pytest.fixture
def annotator(db: None, enter: Enter) -> Member:
    return enter(factories.person(Role.ANNOTATOR))


@pytest.fixture
def study(db: None, label_studio: LabelStudioServer) -> Study:
    """Three examples published at 0.10 each."""
    return published_study("one", "two", "three")


def project_id(study: Study) -> int:
    return study.labeling_project.label_studio_id or 0


def published_ids(study: Study) -> list[int]:
    """Label Studio's ids of a study's published examples, in rank order."""
    rows = Publication.objects.filter(example__study=study).order_by("example__rank")
    return [row.label_studio_id or 0 for row in rows]


def synced(study: Study) -> list[Annotation]:
    """Sync, and return all annotations in the order they were made."""
    result = sync(project=study.labeling_project)
    assert not result.error
    return list(Annotation.objects.filter(example__study=study).order_by("created_at"))


def stopped(study: Study) -> LabelingProject:
    """Stop a study's budget, and have labelling follow."""
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough")
    follow_stops()
    return LabelingProject.objects.get(study=study)


def resumed(study: Study) -> LabelingProject:
    resume(actor=factories.person(), budget=study.budget)
    follow_stops()
    return LabelingProject.objects.get(study=study)


def is_exact(study: Study) -> bool:
    """Whether every total, entry and annotation of a study agrees."""
    return verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []


def spent_and_held(study: Study) -> tuple[str, str]:
    study.budget.refresh_from_db()
    return f"{study.budget.spent:.2f}", f"{study.budget.held:.2f}"
