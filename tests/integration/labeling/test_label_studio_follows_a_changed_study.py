import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Role
from labeling.label_studio import LabelStudioClient, update_project
from studies.editing import change_study
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import project_id

pytestmark = pytest.mark.django_db(transaction=True)


def test_its_project_takes_the_new_name(study: Study, client_of: LabelStudioClient) -> None:
    changed = change_study(actor=study.created_by, study=study, name="Opinions")
    update_project(study=changed)
    assert client_of.sdk.projects.get(project_id(study)).title == "Opinions"


def test_its_project_says_what_labels_mean(study: Study, client_of: LabelStudioClient) -> None:
    label = study.labels[0]
    study.label_texts = {label: {"description": "costs $5 & more", "phrases": ["I paid"]}}
    update_project(study=study)
    config = str(client_of.sdk.projects.get(project_id(study)).label_config).replace("\u200b", "")
    said = "costs $5 &amp; more For example: “I paid”"
    assert f'hint="{said}"' in config and f'<Header value="{label}: {said}"' in config


def test_a_study_without_a_project_asks_label_studio_nothing(db: None, settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    update_project(study=factories.study())


def test_the_page_saves_it_while_label_studio_is_away(study: Study, client: Client, settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    client.force_login(factories.person(Role.MANAGER))
    page = client.post(reverse("change-study", args=[study.pk]), {"name": "Opinions"}, follow=True)
    study.refresh_from_db()
    assert study.name == "Opinions"
    assert "Label Studio gets it when examples are published next" in page.content.decode()
