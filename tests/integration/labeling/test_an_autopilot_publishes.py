import pytest
from pytest_django import Settings

from labeling.models import Batch, Publication
from reports.autopilot import step
from reports.models import AutopilotStep
from tests.integration.reports.autopilots import ready_study, recommended, switched_on
from tests.integration.web.pages import NOWHERE
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def test_what_it_buys_arrives_in_label_studio(label_studio: LabelStudioServer) -> None:
    study = ready_study(num_new=5)
    switched_on(study)
    recommended(study, num_new=3)
    step(study_id=study.pk)
    batch = Batch.objects.get()
    assert (batch.state, batch.created_by) == (Batch.State.PUBLISHED, study.created_by)
    published = Publication.objects.filter(label_studio_id__isnull=False)
    assert set(published.values_list("example", flat=True)) == set(
        AutopilotStep.objects.get().examples.values_list("pk", flat=True)
    )
    assert published.count() == 3


def test_while_label_studio_does_not_answer_nothing_is_held(settings: Settings) -> None:
    settings.LABEL_STUDIO_URL, settings.LABEL_STUDIO_API_TOKEN = NOWHERE, "token"
    study = ready_study(num_new=5)
    autopilot = switched_on(study)
    recommended(study, num_new=3)
    step(study_id=study.pk)
    autopilot.refresh_from_db()
    assert autopilot.is_on and "Label Studio" in autopilot.reason
    assert not Batch.objects.exists() and not AutopilotStep.objects.exists()
