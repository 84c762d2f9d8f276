"""In Label Studio's real page, an annotator finds no settings, and what leads away from labelling asks the server."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from accounts.models import Role
from labeling.publishing import publish
from labeling.sign_in import ticket_url
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE
from tests.integration.labeling.conftest import project_id
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None, label_studio: LabelStudioServer) -> Study:
    made = factories.study()
    factories.examples(made, ["one", "two"])
    publish(actor=made.created_by, study=made)
    return made


@pytest.fixture
def page(browser: Browser, study: Study) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(MINUTE)
    opened = context.new_page()
    opened.goto(ticket_url(person=factories.person(Role.ANNOTATOR), page=f"/projects/{project_id(study)}/data"))
    opened.get_by_test_id("bottombar-submit-button").wait_for()
    yield opened
    context.close()


def test_there_is_no_way_to_the_settings(page: Page, study: Study) -> None:
    assert page.url.startswith(f"{page.url.split('/projects')[0]}/projects/{project_id(study)}/data?labeling=1")
    expect(page.locator("a[href$='/settings']").first).to_be_hidden()


@pytest.mark.parametrize("path", ["settings/danger-zone", "settings/labeling", "data?tab=1"])
def test_whatever_leads_elsewhere_leads_to_fulcrum_or_back(page: Page, study: Study, path: str) -> None:
    page.evaluate(f"window.isOld = true; history.pushState({{}}, '', '/projects/{project_id(study)}/{path}')")
    page.wait_for_function("!window.isOld && document.readyState === 'complete'")
    stream = f"{settings.LABEL_STUDIO_URL}/projects/{project_id(study)}/data?labeling=1"
    assert page.url.startswith(stream if path.startswith("data") else f"{settings.URL}/")
    assert "Delete Project" not in page.content()
