from datetime import timedelta

import pytest

from accounts.models import Role
from labeling.publishing import publish
from labeling.replay import NotForReplay, replay
from studies.models import Example, Study
from tests import factories
from tests.integration.labeling.conftest import synced
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def answer(example: Example) -> str:
    return "good" if example.fields["text"] == "one" else "bad"


def half_a_minute(example: Example) -> timedelta:
    return timedelta(seconds=30)


def test_known_answers_are_given_in_turn_by_separate_members_and_never_twice(study: Study) -> None:
    people = [factories.person(Role.ANNOTATOR, is_replay=True) for _ in range(2)]
    first, again = (replay(study=study, annotators=people, answers=answer, lead_time=half_a_minute) for _ in range(2))
    assert (first.num_made, again.num_made, again.num_repeated) == (3, 0, 3)
    annotations = synced(study)
    assert {one.annotator for one in annotations} == set(people)
    assert all(one.value == answer(one.example) for one in annotations)
    assert {one.lead_time for one in annotations} == {timedelta(seconds=30)}


def test_an_example_that_asks_for_two_is_answered_by_two(label_studio: LabelStudioServer) -> None:
    study = factories.study(annotations_per_example=2)
    factories.examples(study, ["one", "two"])
    publish(actor=study.created_by, study=study)
    people = [factories.person(Role.ANNOTATOR, is_replay=True) for _ in range(3)]
    replay(study=study, annotators=people, answers=answer, lead_time=half_a_minute)
    assert [one.state for one in synced(study)] == ["accepted"] * 4


def test_people_cannot_be_replayed(study: Study) -> None:
    with pytest.raises(NotForReplay, match="is_replay are needed"):
        replay(study=study, annotators=[factories.person()], answers=answer, lead_time=half_a_minute)
