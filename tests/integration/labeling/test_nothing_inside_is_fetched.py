"""Label Studio calls nothing in the own network for anybody; its webhook to Fulcrum is the one exception."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from label_studio_sdk.core.api_error import ApiError

from accounts.models import Role
from embedded import services
from labeling.label_studio import LabelStudioClient
from labeling.models import LabelingProject
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, project_id, published_ids
from tests.services import PATHS
from tests.serving import ALL_FOR_LABEL_STUDIO, pages_served

pytestmark = pytest.mark.django_db


@pytest.fixture
def fulcrum_answers() -> Iterator[None]:
    """Here webhooks arrive too: no test uses the database while one does."""
    with pages_served(port=services.remembered_port(paths=PATHS, service="web"), paths=ALL_FOR_LABEL_STUDIO):
        yield


@pytest.fixture
def secret() -> Iterator[str]:
    """The address of a page on this machine. It fails the test if anybody asks for it."""
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'[{"text": "secret"}]')

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer((services.HOST, 0), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://{services.HOST}:{server.server_port}/secret.json"
    server.shutdown()
    server.server_close()
    thread.join()
    assert asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"])
def test_not_even_fulcrums_own_account_imports_from_inside(
    study: Study, client_of: LabelStudioClient, secret: str, host: str
) -> None:
    url = secret.replace("127.0.0.1", host)
    answer = client_of.sdk._client_wrapper.httpx_client.request(
        f"api/projects/{project_id(study)}/import", method="POST", data={"url": url}
    )
    assert answer.status_code in (400, 403, 500)


def test_no_webhook_goes_elsewhere_inside(study: Study, client_of: LabelStudioClient, secret: str) -> None:
    with pytest.raises(ApiError, match="reserved network address"):
        client_of.sdk.webhooks.create(url=secret, project=project_id(study))


def test_no_machine_learning_backend_is_inside(study: Study, client_of: LabelStudioClient, secret: str) -> None:
    with pytest.raises(ApiError):
        client_of.sdk.ml.create(url=secret, project=project_id(study))


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.MANAGER, Role.ADMIN])
def test_people_import_nothing_at_all(study: Study, enter: Enter, secret: str, role: Role) -> None:
    member = enter(factories.person(role))
    for body in (
        {"url": secret},
        [{"data": {"text": "x"}, "annotations": [{"completed_by": member.id, "result": []}]}],
    ):
        path = f"/api/projects/{project_id(study)}/import"
        assert member.http.post(path, json=body).status_code == 403


def test_our_own_webhook_arrives(study: Study, annotator: Member) -> None:
    assert LabelingProject.objects.get(study=study).hinted_at is None
    annotator.annotate(published_ids(study)[0])
    assert LabelingProject.objects.get(study=study).hinted_at is not None
