from datetime import timedelta

import pytest
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from labeling.models import LabelingProject
from labeling.sync import sync, sync_all
from notices.models import Notice
from studies.models import Study
from tests import factories
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def unreachable(settings: Settings) -> LabelingProject:
    settings.LABEL_STUDIO_URL = ""
    return LabelingProject.objects.create(study=factories.study(), label_studio_id=1)


def pass_time(**span: float) -> None:
    for project in LabelingProject.objects.filter(syncing_since__isnull=False):
        assert project.syncing_since is not None
        project.syncing_since -= timedelta(**span)
        project.save()


def test_an_outage_is_told_once_and_says_why(unreachable: LabelingProject) -> None:
    sync_all()
    pass_time(minutes=11)
    sync_all()
    sync_all()
    notice = Notice.objects.get()
    assert "No Label Studio is configured" in notice.body
    assert "No sync has succeeded yet" in notice.body
    assert resolve(notice.path).url_name == "labelling"


def test_a_short_trouble_is_not_told(unreachable: LabelingProject) -> None:
    sync_all()
    pass_time(minutes=9)
    sync_all()
    assert not Notice.objects.exists()


def test_hours_without_any_worker_are_no_outage(unreachable: LabelingProject) -> None:
    LabelingProject.objects.update(last_synced_at=timezone.now() - timedelta(hours=10))
    sync_all()
    sync_all()
    assert not Notice.objects.exists()


def test_a_sync_that_never_ends_is_told(unreachable: LabelingProject) -> None:
    LabelingProject.objects.update(syncing_since=timezone.now() - timedelta(hours=1))
    sync_all()
    assert "began and did not end" in Notice.objects.get().body


def test_the_next_outage_is_told_again(study: Study, label_studio: LabelStudioServer, settings: Settings) -> None:
    for _ in range(2):
        settings.LABEL_STUDIO_URL = ""
        sync_all()
        pass_time(minutes=11)
        sync_all()
        settings.LABEL_STUDIO_URL = label_studio.url
        assert sync(project=study.labeling_project).error == ""
    assert Notice.objects.count() == 2
