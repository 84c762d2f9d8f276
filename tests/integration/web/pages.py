"""What tests of pages share, here and in the browser."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User

# Nothing listens on the discard port: Label Studio is unreachable unless a test brings a real one.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def plain_pages(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data")
    settings.MEDIA_ROOT = folder / "files"
    settings.RUNS_DIR = folder / "runs"
    settings.CHARTS_DIR = folder / "charts"
    settings.LABEL_STUDIO_URL = NOWHERE
    settings.LABEL_STUDIO_API_TOKEN = "token"
    settings.TICKET_KEY = "key"


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
