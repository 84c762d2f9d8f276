from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import Role
from budgets.models import LedgerEntry, Origin
from budgets.queries import differences
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, LabelingProject
from labeling.publishing import publish
from labeling.sync import sync, sync_study
from studies.models import Label, Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, published_ids, spent_and_held, synced
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State


def test_an_accepted_annotation_is_paid_and_becomes_the_label(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0], "bad")
    (annotation,) = synced(study)
    assert (annotation.state, annotation.value, annotation.annotator) == (State.ACCEPTED, "bad", annotator.person)
    assert annotation.lead_time == timedelta(seconds=4.5)
    assert spent_and_held(study) == ("0.10", "0.20")
    label = Label.objects.get(example=annotation.example)
    assert (label.value, label.source_keys) == ("bad", [f"annotation:{annotation.unique_id}"])


def test_a_repeated_sync_changes_nothing(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0])
    synced(study)
    again = sync_study(actor=study.created_by, study=study)
    assert (again.num_changed, LedgerEntry.objects.count()) == (0, 1)
    assert spent_and_held(study) == ("0.10", "0.20")
    assert differences(study.budget) == []


def test_an_edited_annotation_changes_the_label_and_is_not_charged_again(study: Study, annotator: Member) -> None:
    made = annotator.annotate(published_ids(study)[0], "good").json()
    synced(study)
    annotator.edit(made["id"], "bad", lead_time=9.0)
    (annotation,) = synced(study)
    assert (annotation.value, annotation.example.label.value) == ("bad", "bad")
    assert annotation.lead_time == timedelta(seconds=9)
    assert spent_and_held(study) == ("0.10", "0.20")


def test_an_accepted_annotation_edited_into_nonsense_keeps_its_answer(study: Study, annotator: Member) -> None:
    made = annotator.annotate(published_ids(study)[0], "good").json()
    synced(study)
    annotator.edit(made["id"], "no such label")
    (annotation,) = synced(study)
    assert (annotation.state, annotation.value) == (State.ACCEPTED, "good")
    assert "the earlier annotation is kept" in annotation.reason


def test_a_skip_is_not_paid_and_its_money_stays_held(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0], result=[], was_cancelled=True)
    (annotation,) = synced(study)
    assert annotation.state == State.SKIPPED
    assert spent_and_held(study) == ("0.00", "0.30")


def test_a_second_annotators_answer_that_was_not_asked_for_is_not_paid(
    study: Study, annotator: Member, enter: Enter
) -> None:
    annotator.annotate(published_ids(study)[0], "good")
    enter(factories.person(Role.ANNOTATOR)).annotate(published_ids(study)[0], "bad")
    first, second = synced(study)
    assert (first.state, second.state) == (State.ACCEPTED, State.SURPLUS)
    assert first.example.label.value == "good"
    assert spent_and_held(study) == ("0.10", "0.20")


def test_the_same_annotator_is_paid_once_for_an_example_that_asks_for_two(
    label_studio: LabelStudioServer, annotator: Member
) -> None:
    study = factories.study(annotations_per_example=2)
    factories.examples(study, ["one"])
    publish(actor=study.created_by, study=study)
    for _ in range(2):
        annotator.annotate(published_ids(study)[0])
    assert [one.state for one in synced(study)] == [State.ACCEPTED, State.SURPLUS]


def test_the_majority_decides_and_all_of_its_annotations_are_the_labels_cost(
    label_studio: LabelStudioServer, enter: Enter
) -> None:
    study = factories.study(annotations_per_example=3)
    factories.examples(study, ["one"])
    publish(actor=study.created_by, study=study)
    for value in ("good", "bad", "bad"):
        enter(factories.person(Role.ANNOTATOR)).annotate(published_ids(study)[0], value)
    annotations = synced(study)
    label = Label.objects.get(example=annotations[0].example)
    assert label.value == "bad"
    assert label.source_keys == sorted(one.source_key for one in annotations)
    assert spent_and_held(study) == ("0.30", "0.00")


def test_an_annotator_without_an_account_here_is_rejected_and_accepted_once_there_is_one(
    study: Study, annotator: Member
) -> None:
    annotator.annotate(published_ids(study)[0])
    annotator.person.is_active = False
    annotator.person.save()
    (rejected,) = synced(study)
    assert (rejected.state, rejected.pay) == (State.REJECTED, 0)
    assert annotator.person.email in rejected.reason
    annotator.person.is_active = True
    annotator.person.save()
    sync_study(actor=study.created_by, study=study)
    rejected.refresh_from_db()
    assert rejected.state == State.ACCEPTED


def test_an_answer_written_in_anothers_name_is_rejected(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    made = annotator.annotate(published_ids(study)[0]).json()
    client_of.sdk.annotations.update(made["id"], lead_time=1.0)
    (annotation,) = synced(study)
    assert (annotation.state, annotation.entry) == (State.REJECTED, None)
    assert "in another's name" in annotation.reason


def test_a_label_that_is_not_the_studys_is_rejected_with_the_reason(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0], "ugly")
    (annotation,) = synced(study)
    assert (annotation.state, annotation.reason) == (State.REJECTED, "“ugly” is not one of the study's labels.")


def test_annotations_that_we_imported_as_known_truth_are_not_paid(study: Study, client_of: LabelStudioClient) -> None:
    client_of.sdk.annotations.create(published_ids(study)[0], result=[], ground_truth=True)
    assert synced(study) == []


def test_an_annotation_deleted_in_label_studio_is_marked_and_stays_paid(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    made = annotator.annotate(published_ids(study)[0]).json()
    synced(study)
    client_of.sdk.annotations.delete(made["id"])
    (annotation,) = synced(study)
    assert annotation.deleted_at is not None
    assert spent_and_held(study) == ("0.10", "0.20")


def test_an_example_deleted_in_label_studio_is_seen_when_all_is_compared(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    annotator.annotate(published_ids(study)[0])
    synced(study)
    client_of.sdk.tasks.delete(id=str(published_ids(study)[0]))
    sync_study(actor=study.created_by, study=study)
    assert Annotation.objects.get().deleted_at is not None


def test_replayed_work_is_marked_in_the_ledger(study: Study, enter: Enter) -> None:
    enter(factories.person(Role.ANNOTATOR, is_replay=True)).annotate(published_ids(study)[0])
    (annotation,) = synced(study)
    assert annotation.origin == Origin.REPLAY
    assert LedgerEntry.objects.get().origin == Origin.REPLAY


def test_trouble_with_label_studio_is_shown_and_cleared_by_the_next_success(
    study: Study, label_studio: LabelStudioServer, settings: Settings
) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    assert "does not answer" in sync(project=study.labeling_project).error
    assert "does not answer" in LabelingProject.objects.get(study=study).last_error
    settings.LABEL_STUDIO_URL = label_studio.url
    synced(study)
    assert LabelingProject.objects.get(study=study).last_error == ""
