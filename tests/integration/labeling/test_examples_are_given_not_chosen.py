"""An annotator takes what the queue gives, one at a time, and learns of no answer by the way they ask."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from accounts.models import Role
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, project_id, published_ids

pytestmark = pytest.mark.django_db
# Would give the last example, by each way in which Label Studio lets one choose.
LAST_FIRST = {"ordering": ["-tasks:id"]}
NOBODY = {"filters": {"conjunction": "and", "items": []}}


def picked(example: int) -> dict[str, Any]:
    return {"selectedItems": {"all": False, "included": [example]}}


def answered_bad() -> dict[str, Any]:
    item = {"filter": "filter:tasks:annotations_results", "operator": "contains", "type": "String", "value": "bad"}
    return {"filters": {"conjunction": "and", "items": [item]}}


def locked(member: Member, study: Study) -> list[int]:
    query = (
        "SELECT task_id FROM tasks_tasklock l JOIN task t ON t.id = task_id WHERE user_id = %s AND t.project_id = %s"
    )
    with member.server.database() as database:
        return [row[0] for row in database.execute(query, [member.id, project_id(study)])]


def ask(member: Member, study: Study, way: str, wish: dict[str, Any]) -> httpx.Response:
    path = f"/api/projects/{project_id(study)}/next"
    action = f"/api/dm/actions?id=next_task&project={project_id(study)}"
    query = f"query={quote(json.dumps(wish))}&ordering=-id&view=1&task={published_ids(study)[-1]}"
    if way == "body of a GET":
        return member.http.request("GET", path, json=wish)
    if way == "query":
        return member.http.get(f"{path}?{query}")
    if way == "action's body":
        return member.http.post(action, json=wish)
    return member.http.post(f"{action}&{query}", json={})


@pytest.mark.parametrize("way", ["body of a GET", "query", "action's body", "action's query"])
def test_whatever_an_annotator_asks_for_they_get_the_next_one(study: Study, annotator: Member, way: str) -> None:
    first, *_, last = published_ids(study)
    for wish in (LAST_FIRST, picked(last), {**LAST_FIRST, **NOBODY}, answered_bad(), {"view": 1}, {"task": last}):
        answer = ask(annotator, study, way, wish)
        assert (answer.status_code, answer.json()["id"]) == (200, first)
    assert locked(annotator, study) == [first]


def test_a_form_chooses_nothing_either(study: Study, annotator: Member) -> None:
    path = f"/api/projects/{project_id(study)}/next"
    form = {"ordering": "-tasks:id"}
    assert annotator.http.request("GET", path, data=form).json()["id"] == published_ids(study)[0]


def test_the_next_example_lets_go_of_all_others(study: Study, annotator: Member) -> None:
    first, second, third = published_ids(study)
    with annotator.server.database() as database:
        for example in (second, third):
            database.execute(
                "INSERT INTO tasks_tasklock (task_id, user_id, expire_at, unique_id)"
                " VALUES (%s, %s, now() + interval '1 hour', gen_random_uuid())",
                [example, annotator.id],
            )
    given = annotator.open_next(study)
    assert given in (first, second, third)
    assert locked(annotator, study) == [given]


def test_one_person_cannot_keep_the_examples_from_the_others(study: Study, annotator: Member, enter: Enter) -> None:
    for example in published_ids(study):
        annotator.http.post(f"/api/dm/actions?id=next_task&project={project_id(study)}", json=picked(example))
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) == published_ids(study)[1]


def test_a_manager_may_still_pick(study: Study, enter: Enter) -> None:
    manager, last = enter(factories.person(Role.MANAGER)), published_ids(study)[-1]
    action = f"/api/dm/actions?id=next_task&project={project_id(study)}"
    assert manager.http.post(action, json=picked(last)).json()["id"] == last
