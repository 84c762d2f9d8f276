"""A project that somebody deleted in Label Studio is seen as gone, and publishing makes a new one."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditRecord, Role
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, LabelingProject
from labeling.publishing import publish
from labeling.sync import sync, sync_all
from labeling.withdraw import follow_stops
from notices.models import Notice
from studies.models import Label, Study
from tests import factories
from tests.integration.labeling.conftest import (
    Member,
    is_exact,
    project_id,
    published_ids,
    resumed,
    spent_and_held,
    stopped,
    synced,
)
from tests.labelling import close_reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def deleted(study: Study, annotator: Member, client_of: LabelStudioClient) -> Study:
    """A study with one paid answer of three, whose project was deleted then."""
    annotator.annotate(published_ids(study)[0], "bad")
    synced(study)
    client_of.sdk.projects.delete(project_id(study))
    return study


def test_a_sync_gives_the_holds_back_and_keeps_what_was_paid(deleted: Study) -> None:
    sync_all()
    assert spent_and_held(deleted) == ("0.10", "0.00")
    assert close_reasons(deleted) == {"its project was deleted in Label Studio"}
    assert Label.objects.get(example__study=deleted).value == "bad"
    assert Annotation.objects.get().deleted_at is not None
    assert is_exact(deleted)


def test_it_is_told_once_recorded_and_shown(deleted: Study) -> None:
    for _ in range(2):
        sync_all()
    assert Notice.objects.filter(kind="labelling_trouble").count() == 1
    assert AuditRecord.objects.filter(action="labelling.gone").count() == 1
    web = Client()
    web.force_login(factories.person(Role.MANAGER))
    page = web.get(reverse("labelling", args=[deleted.pk])).content.decode()
    assert "The project was deleted in Label Studio" in page


def test_the_next_publishing_makes_a_new_one_and_publishes_the_rest_again(deleted: Study, annotator: Member) -> None:
    before = project_id(deleted)
    assert publish(actor=deleted.created_by, study=deleted).num_published == 2
    project = LabelingProject.objects.get(study=deleted)
    assert project.label_studio_id != before
    assert project.gone_at is None
    assert spent_and_held(deleted) == ("0.10", "0.20")
    annotator.annotate(max(published_ids(deleted)))
    assert not sync(project=project).error
    assert spent_and_held(deleted) == ("0.20", "0.10")
    assert is_exact(deleted)


def test_a_stop_completes_and_what_comes_after_it_can_be_published(deleted: Study) -> None:
    project = stopped(deleted)
    assert (project.label_studio_id, project.closed_at) == (None, None)
    assert spent_and_held(deleted) == ("0.10", "0.00")
    resumed(deleted)
    assert publish(actor=deleted.created_by, study=deleted).num_published == 2


def test_one_that_was_deleted_during_a_stop_is_seen_when_it_ends(
    study: Study, annotator: Member, client_of: LabelStudioClient
) -> None:
    stopped(study)
    client_of.sdk.projects.delete(project_id(study))
    resumed(study)
    follow_stops()
    assert LabelingProject.objects.get(study=study).label_studio_id is None
    assert spent_and_held(study) == ("0.00", "0.00")


def test_another_label_studio_that_does_not_know_the_project_is_no_proof(deleted: Study, settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = settings.LABEL_STUDIO_URL.replace("127.0.0.1", "localhost")
    assert "it was made at http://127.0.0.1" in sync(project=deleted.labeling_project).error
    assert spent_and_held(deleted) == ("0.10", "0.20")


def test_one_that_does_not_answer_is_not_gone(study: Study, settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    assert sync(project=study.labeling_project).error
    assert spent_and_held(study) == ("0.00", "0.30")
