"""By the hour, nobody is paid for more time than went by: Label Studio's server counts, not the browser."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import LedgerEntry
from labeling.publishing import publish
from labeling.widgets import widget_of
from studies.models import Study
from studies.task_types import TASK_TYPES
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, is_exact, published_ids, synced
from tests.labelling import priced
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
GOOD = widget_of(TASK_TYPES["text_classification"]).result(target="good", fields={})


def tell(member: Member, example: int, lead_time: Any, **fields: Any) -> httpx.Response:
    """Answer at once, and say how long it took."""
    body = {"result": GOOD, "unique_id": str(uuid4()), "lead_time": lead_time, **fields}
    return member.http.post(f"/api/tasks/{example}/annotations", json=body)


def kept(answer: httpx.Response) -> float:
    assert answer.status_code in (200, 201), answer.text
    return float(answer.json()["lead_time"])


@pytest.fixture
def hourly(db: None, label_studio: LabelStudioServer) -> Study:
    """Three examples, paid at 36 an hour, which is 0.01 a second, for five minutes at most."""
    made = factories.study(pay_basis="per_hour", max_paid_seconds=300)
    priced(made, CostKind.LABELLING_HOUR, "36", starts_at=factories.LONG_AGO)
    factories.examples(made, ["one", "two", "three"])
    publish(actor=made.created_by, study=made)
    return made


def test_three_answers_within_nine_seconds_are_paid_about_nine_seconds(hourly: Study, annotator: Member) -> None:
    for example, told in zip(published_ids(hourly), (295, 295, 99999), strict=True):
        annotator.open_next(hourly)
        annotator.work(3)
        assert 3 <= kept(tell(annotator, example, told)) < 4
    times = [one.lead_time for one in synced(hourly)]
    assert timedelta(seconds=9) <= sum((one for one in times if one), timedelta()) < timedelta(seconds=12)
    assert sum(entry.amount for entry in LedgerEntry.objects.filter(budget=hourly.budget)) < 0.12
    assert is_exact(hourly)


def test_an_honest_time_is_kept_as_it_is(hourly: Study, annotator: Member) -> None:
    annotator.open_next(hourly)
    annotator.work(20)
    assert kept(tell(annotator, published_ids(hourly)[0], 12.25)) == 12.25


def test_two_windows_share_the_time(hourly: Study, annotator: Member) -> None:
    first, second, _ = published_ids(hourly)
    for example in (first, second):
        annotator.http.get(f"/api/tasks/{example}")
    annotator.work(10)
    assert kept(tell(annotator, first, 10)) == 10
    assert kept(tell(annotator, second, 10)) < 2


def test_time_saved_with_a_draft_counts_when_the_answer_comes_later(hourly: Study, annotator: Member) -> None:
    first, second, _ = published_ids(hourly)
    annotator.http.get(f"/api/tasks/{first}")
    annotator.work(8)
    annotator.http.post(f"/api/tasks/{first}/drafts", json={"result": GOOD, "lead_time": 8})
    annotator.work(5)
    tell(annotator, second, 5)
    annotator.work(2)
    assert kept(tell(annotator, first, 10)) == 10


def test_a_second_answer_to_one_example_cannot_tell_the_same_time_again(hourly: Study, annotator: Member) -> None:
    example = published_ids(hourly)[0]
    annotator.http.get(f"/api/tasks/{example}")
    annotator.work(10)
    tell(annotator, example, 10, was_cancelled=True, result=[])
    assert kept(tell(annotator, example, 10)) < 2


def test_a_request_that_is_repeated_loses_no_time(hourly: Study, annotator: Member) -> None:
    example, uid = published_ids(hourly)[0], str(uuid4())
    annotator.http.get(f"/api/tasks/{example}")
    annotator.work(10)
    assert tell(annotator, example, 9, unique_id="no uuid").status_code >= 400
    assert kept(tell(annotator, example, 9, unique_id=uid)) == 9
    assert tell(annotator, example, 9, unique_id=uid).status_code == 409


def test_an_edit_adds_what_went_by_and_takes_nothing_away(hourly: Study, annotator: Member) -> None:
    example = published_ids(hourly)[0]
    annotator.http.get(f"/api/tasks/{example}")
    annotator.work(10)
    made = tell(annotator, example, 10).json()["id"]
    assert kept(annotator.http.patch(f"/api/annotations/{made}", json={"result": GOOD, "lead_time": 500})) < 12
    annotator.work(7)
    assert kept(annotator.http.patch(f"/api/annotations/{made}", json={"result": GOOD, "lead_time": 17})) == 17


@pytest.mark.parametrize("told", ["NaN", "Infinity", "-Infinity", "1e999", '"NaN"', '"12"', "true", "[]", "1e300"])
def test_a_time_that_is_no_number_of_seconds_is_refused(hourly: Study, annotator: Member, told: str) -> None:
    body = f'{{"result": [], "lead_time": {told}}}'
    path = f"/api/tasks/{published_ids(hourly)[0]}/annotations"
    answer = annotator.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "number" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    "body", ['{"result": [{"value": {"number": NaN}}]}', '{"result": [[[Infinity]]]}', "[" * 99999]
)
def test_numbers_that_are_not_finite_are_refused_anywhere(hourly: Study, enter: Enter, body: str) -> None:
    manager = enter(factories.person(Role.MANAGER))
    paths: Sequence[str] = (
        f"/api/tasks/{published_ids(hourly)[0]}/annotations",
        f"/api/tasks/{published_ids(hourly)[0]}/drafts",
    )
    for path in paths:
        answer = manager.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text


def test_a_manager_cannot_lengthen_anothers_time(hourly: Study, annotator: Member, enter: Enter) -> None:
    made = annotator.annotate(published_ids(hourly)[0], lead_time=5).json()
    manager = enter(factories.person(Role.MANAGER))
    answer = manager.http.patch(f"/api/annotations/{made['id']}", json={"result": GOOD, "lead_time": 299})
    assert kept(answer) == 5
