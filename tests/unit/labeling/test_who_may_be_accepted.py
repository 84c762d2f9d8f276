from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from labeling.annotations import People
from labeling.annotations.accept import assess
from labeling.label_studio import RemoteAnnotation
from labeling.models import Annotation
from labeling.widgets import widget_of
from studies.models import Example, Study
from studies.task_types import TASK_TYPES

State = Annotation.State
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLE = Example(
    study=Study(name="s", task_type="text_classification", labels=["good", "bad"]), fields={"text": "fine"}
)
PEOPLE = People(
    emails={1: "ann@example.com", 2: "left@example.com", 3: "boss@example.com"},
    accounts={
        "ann@example.com": User(email="ann@example.com"),
        "left@example.com": User(email="left@example.com", is_active=False),
    },
)


def annotation(**fields: Any) -> RemoteAnnotation:
    defaults: dict[str, Any] = {
        "unique_id": uuid4(),
        "id": 1,
        "completed_by": 1,
        "updated_by": 1,
        "was_cancelled": False,
        "result": widget_of(TASK_TYPES["text_classification"]).result(target="good", fields={}),
        "lead_time": timedelta(seconds=3),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return RemoteAnnotation(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("fields", "state", "reason"),
    [
        ({}, State.ACCEPTED, ""),
        ({"updated_by": None}, State.REJECTED, "nobody in another's name"),
        ({"trouble": "It has no result."}, State.REJECTED, "It has no result."),
        ({"was_cancelled": True, "result": []}, State.SKIPPED, ""),
        ({"result": []}, State.REJECTED, "0 answers"),
        ({"completed_by": 2}, State.REJECTED, "left@example.com, who has no active account"),
        ({"completed_by": 9, "updated_by": 9}, State.REJECTED, "Label Studio user 9, who has no active account"),
        ({"completed_by": None}, State.REJECTED, "nobody, who has no active account"),
        ({"updated_by": 3}, State.REJECTED, "boss@example.com in another's name"),
    ],
)
def test_an_annotation_is_accepted_from_a_known_person_in_their_own_name(
    fields: dict[str, Any], state: str, reason: str
) -> None:
    acceptance = assess(remote=annotation(**fields), example=EXAMPLE, people=PEOPLE)
    assert acceptance.state == state
    assert reason in acceptance.reason
