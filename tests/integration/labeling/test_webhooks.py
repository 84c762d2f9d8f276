import json
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks as Capture

from budgets.models import LedgerEntry
from labeling.label_studio import LabelStudioClient
from labeling.models import Annotation, LabelingProject
from labeling.tasks import sync_project
from studies.models import Study
from tests.integration.labeling.conftest import Member, published_ids

pytestmark = pytest.mark.django_db


def hint(study: Study, secret: str | None = None) -> int:
    project = LabelingProject.objects.get(study=study)
    return (
        Client()
        .post(
            reverse("labeling-webhook", args=[project.uid]),
            json.dumps({"action": "ANNOTATION_CREATED", "annotation": {"result": "forged"}}),
            content_type="application/json",
            headers={"X-Fulcrum-Secret": project.webhook_secret if secret is None else secret},
        )
        .status_code
    )


def test_a_webhook_asks_for_one_sync_and_its_replay_for_none(
    study: Study, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as asked:
        assert [hint(study) for _ in range(3)] == [204, 204, 204]
    assert len(asked) == 1


def test_a_replayed_webhook_changes_nothing(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0])
    for _ in range(2):
        hint(study)
        sync_project(project_id=study.labeling_project.pk)
    assert (Annotation.objects.count(), LedgerEntry.objects.count()) == (1, 1)


def test_after_a_sync_the_next_webhook_asks_again(study: Study, django_capture_on_commit_callbacks: Capture) -> None:
    hint(study)
    sync_project(project_id=study.labeling_project.pk)
    with django_capture_on_commit_callbacks() as asked:
        hint(study)
    assert len(asked) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "ünïcode"])
def test_a_webhook_with_a_wrong_secret_is_refused(
    study: Study, secret: str, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as asked:
        assert hint(study, secret=secret.encode().decode("latin-1")) == 403
    assert asked == []


def test_a_webhook_for_no_project_is_refused(db: None) -> None:
    assert Client().post(reverse("labeling-webhook", args=[uuid4()])).status_code == 403


def test_label_studio_has_one_webhook_with_the_secret_however_often_we_publish(
    study: Study, client_of: LabelStudioClient
) -> None:
    project = study.labeling_project
    (hook,) = client_of.sdk.webhooks.list(project=project.label_studio_id)
    assert hook.url.endswith(f"/labeling/webhook/{project.uid}")
    assert hook.headers == {"X-Fulcrum-Secret": project.webhook_secret}
