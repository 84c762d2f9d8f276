import json
import urllib.error
import urllib.request

import pytest

from embedded import label_studio as embedded_label_studio
from embedded import secrets, services
from tests.services import PATHS, LabelStudioServer


def _access(url: str, token: str) -> str:
    """What a client makes of the token: a short-lived key."""
    body = json.dumps({"refresh": token}).encode()
    request = urllib.request.Request(f"{url}/api/token/refresh/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["access"])


def _get(url: str, access: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {access}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.status)


def test_it_is_up_without_a_browser_and_its_token_works(label_studio: LabelStudioServer) -> None:
    access = _access(label_studio.url, label_studio.token)
    assert _get(f"{label_studio.url}/api/projects", access) == 200


def test_a_second_preparation_changes_nothing(label_studio: LabelStudioServer) -> None:
    before = label_studio.token
    label_studio.prepare()
    assert label_studio.token == before


def test_a_lost_token_is_replaced(label_studio: LabelStudioServer) -> None:
    lost = label_studio.token
    secrets.remember_label_studio_token(paths=PATHS, token="")
    label_studio.prepare()
    assert _access(label_studio.url, label_studio.token)
    with pytest.raises(urllib.error.HTTPError):
        _access(label_studio.url, lost)


def test_it_comes_back_after_a_crash_and_remembers(label_studio: LabelStudioServer) -> None:
    label_studio.kill()
    label_studio.start()
    assert _access(label_studio.url, label_studio.token)


def test_it_speaks_to_nobody_outside() -> None:
    environment = services.label_studio_server(paths=PATHS).environment()
    assert environment["LABEL_STUDIO_SENTRY_DSN"] == environment["LABEL_STUDIO_FRONTEND_SENTRY_DSN"] == ""
    assert environment["LABEL_STUDIO_COLLECT_ANALYTICS"] == "false"


def test_a_refused_sign_in_says_which_file_to_restore(label_studio: LabelStudioServer) -> None:
    session = embedded_label_studio._Session(label_studio.url)
    with pytest.raises(embedded_label_studio.LabelStudioFailed, match=r"secrets\.json"):
        session.sign_in(email="admin@fulcrum.local", password="wrong")
