"""After each sync, Label Studio asks for as many answers as there is money held for, and asks the same people."""

import pytest

from accounts.models import Role
from budgets.limits import resume, stop_everything
from labeling.annotations import give_back
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, Assignment, Publication
from labeling.publishing import publish
from labeling.queries import work_waiting
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import (
    Enter,
    Member,
    is_exact,
    project_id,
    published_ids,
    resumed,
    spent_and_held,
    stopped,
    synced,
)
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State
OVERLAPPING = [
    {
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": start, "end": end, "labels": ["Person"]},
    }
    for start, end in ((5, 12), (5, 20))
]


def asks(client: LabelStudioClient, study: Study) -> list[int]:
    """How many more answers Label Studio asks for, by example."""
    listed = {one.id: one for one in client.examples(project_id=project_id(study))}
    return [listed[pk].overlap - listed[pk].num_answers for pk in published_ids(study)]


def holds(study: Study) -> list[int]:
    """How many answers money is held for, by example."""
    rows = Publication.objects.filter(example__study=study).order_by("example__rank")
    open_ones = Assignment.objects.filter(annotation__isnull=True, hold__closed_at__isnull=True)
    return [open_ones.filter(publication=row).count() for row in rows]


def test_after_a_rejected_answer_somebody_else_is_asked_and_the_hold_is_settled_once(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = published_study("Meet Okonkwo in Lyon.", task_type="entity_extraction", labels=("Person",))
    example_id = annotator.open_next(study)
    assert example_id is not None
    annotator.annotate(example_id, result=OVERLAPPING)
    (rejected,) = synced(study)
    assert (rejected.state, "spans overlap" in rejected.reason) == (State.REJECTED, True)
    assert (asks(client_of, study), holds(study)) == ([1], [1])
    other = enter(factories.person(Role.ANNOTATOR))
    assert [work.study for work in work_waiting(other.person)] == [study]
    assert (annotator.open_next(study), other.open_next(study)) == (None, example_id)
    other.annotate(example_id, result=OVERLAPPING[:1])
    assert [one.state for one in synced(study)] == [State.REJECTED, State.ACCEPTED]
    assert (asks(client_of, study), holds(study)) == ([0], [0])
    assert spent_and_held(study) == ("0.10", "0.00")
    assert is_exact(study)


def test_who_corrects_a_rejected_answer_is_accepted_once_and_nobody_else_is_asked(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter
) -> None:
    study = published_study("one")
    made = annotator.annotate(published_ids(study)[0], "ugly").json()
    synced(study)
    annotator.edit(made["id"], "bad")
    (corrected,) = synced(study)
    assert (corrected.state, corrected.value) == (State.ACCEPTED, "bad")
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None
    assert spent_and_held(study) == ("0.10", "0.00")


def test_what_a_person_who_was_switched_off_submitted_keeps_the_example_from_nobody(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter
) -> None:
    study = published_study("one")
    annotator.annotate(published_ids(study)[0])
    annotator.person.is_active = False
    annotator.person.save()
    synced(study)
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) == published_ids(study)[0]
    other.annotate(published_ids(study)[0], "bad")
    assert [one.state for one in synced(study)] == [State.REJECTED, State.ACCEPTED]
    assert spent_and_held(study) == ("0.10", "0.00")


def test_who_answers_twice_keeps_the_second_place_from_nobody(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = published_study("one", annotations_per_example=2)
    for _ in range(2):
        annotator.annotate(published_ids(study)[0])
    assert [one.state for one in synced(study)] == [State.ACCEPTED, State.SURPLUS]
    assert (asks(client_of, study), holds(study)) == ([1], [1])
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) == published_ids(study)[0]


def test_an_answer_without_a_result_keeps_the_example_from_nobody(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter
) -> None:
    study = published_study("one")
    annotator.http.post(f"/api/tasks/{published_ids(study)[0]}/annotations", json={"lead_time": 1})
    synced(study)
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) == published_ids(study)[0]


def test_a_paid_answer_that_is_deleted_is_not_asked_for_again(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = published_study("one")
    made = annotator.annotate(published_ids(study)[0]).json()
    synced(study)
    client_of.sdk.annotations.delete(made["id"])
    synced(study)
    assert (asks(client_of, study), holds(study)) == ([0], [0])
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None


def test_a_paid_answer_that_becomes_a_skip_is_not_asked_for_again(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter
) -> None:
    study = published_study("one")
    made = annotator.annotate(published_ids(study)[0]).json()
    synced(study)
    annotator.edit(made["id"], "good", was_cancelled=True)
    synced(study)
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None


def test_an_example_that_is_published_again_asks_only_for_what_is_missing(
    label_studio: LabelStudioServer, annotator: Member, client_of: LabelStudioClient
) -> None:
    study = published_study("one", annotations_per_example=2)
    annotator.annotate(published_ids(study)[0])
    synced(study)
    client_of.sdk.tasks.delete(id=str(published_ids(study)[0]))
    synced(study)
    publish(actor=study.created_by, study=study)
    assert (asks(client_of, study), holds(study)) == ([1], [1])


def test_what_a_manager_changes_in_label_studio_is_put_right(study: Study, client_of: LabelStudioClient) -> None:
    client_of.sdk.projects.update(project_id(study), maximum_annotations=3)
    assert asks(client_of, study) == [3, 3, 3]
    synced(study)
    assert asks(client_of, study) == [1, 1, 1]


def test_publishing_more_leaves_what_others_ask_for(
    label_studio: LabelStudioServer, annotator: Member, client_of: LabelStudioClient
) -> None:
    study = published_study("one")
    annotator.annotate(published_ids(study)[0], "ugly")
    synced(study)
    factories.examples(study, ["two"])
    publish(actor=study.created_by, study=study)
    assert asks(client_of, study) == [1, 1]


def test_after_a_stop_and_a_resume_a_rejected_answer_is_asked_for_again(
    label_studio: LabelStudioServer, annotator: Member, enter: Enter, client_of: LabelStudioClient
) -> None:
    study = published_study("one")
    annotator.annotate(published_ids(study)[0], "ugly")
    stopped(study)
    synced(study)
    assert (asks(client_of, study), holds(study)) == ([0], [0])
    resumed(study)
    assert (asks(client_of, study), holds(study)) == ([1], [1])
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) == published_ids(study)[0]


def test_an_answer_that_was_not_asked_for_is_taken_before_anybody_else_is_asked(
    study: Study, annotator: Member, enter: Enter
) -> None:
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough")
    for publication in Publication.objects.filter(example__study=study):
        give_back(publication=publication, because=Publication.Because.STOPPED, reason="Enough")
    for example_id in published_ids(study)[:2]:
        annotator.annotate(example_id)
    assert [one.state for one in synced(study)] == [State.ACCEPTED, State.SURPLUS]
    resume(actor=factories.person(), budget=study.budget)
    publish(actor=study.created_by, study=study)
    assert [one.state for one in synced(study)] == [State.ACCEPTED, State.ACCEPTED]
    assert spent_and_held(study) == ("0.20", "0.10")
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) == published_ids(study)[2]
