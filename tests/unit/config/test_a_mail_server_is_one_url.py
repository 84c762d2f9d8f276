import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SHOW = """
from config import settings as s
print(s.EMAIL_BACKEND.split(".")[-2], s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, s.EMAIL_HOST_PASSWORD,
      s.EMAIL_USE_TLS, s.EMAIL_USE_SSL, s.EMAIL_FILE_PATH)
"""
READ = {
    "consolemail://": "console None None None None False False /",
    "smtp://mail.example:25": "smtp mail.example 25 None None False False /",
    "smtp+tls://me:p%40ss@mail.example:587": "smtp mail.example 587 me p@ss True False /",
    "smtp+ssl://me:pw@mail.example:465": "smtp mail.example 465 me pw False True /",
    "filemail:///var/mails": "filebased None None None None False False /var/mails",
}


def settings_with(url: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": "platform", "FULCRUM_SECRET_KEY": "x", "FULCRUM_EMAIL_URL": url}
    return subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("url", READ)
def test_it_is_read_into_djangos_settings(url: str) -> None:
    assert settings_with(url).stdout.strip() == READ[url]


def test_another_kind_is_refused() -> None:
    assert "FULCRUM_EMAIL_URL must start with one of smtp, " in settings_with("http://mail.example").stderr
