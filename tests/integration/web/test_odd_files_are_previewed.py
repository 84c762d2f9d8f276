import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from studies.models import Study

pytestmark = pytest.mark.django_db


def upload(client: Client, study: Study, content: bytes, name: str) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("import-upload", args=[study.pk]), {"file": file}, follow=True)


@pytest.mark.parametrize("line", [b'{"text": "\\ud800"}', b'{"text": "a", "label": "\\ud800"}', b'{"\\ud800": "a"}'])
def test_half_of_a_character_is_an_error_of_its_line(manager: Client, study: Study, line: bytes) -> None:
    page = upload(manager, study, b'{"text": "a", "label": "good"}\n' + line + b"\n", "rows.jsonl")
    assert page.status_code == 200
    assert "Line 2: " in page.content.decode()


def test_what_was_guessed_and_left_out_is_shown(manager: Client, study: Study) -> None:
    page = upload(manager, study, b";sentence;label\r\n0;fine, really;good\r\n;;\r\n", "rows.csv").content.decode()
    for words in ("Delimiter: semicolon", "without a name: column 1", "1 empty row left out", "“sentence” is the text"):
        assert words in page


def test_a_file_with_too_many_columns_is_refused_with_a_short_page(manager: Client, study: Study) -> None:
    wide = ",".join(f"column {n}" for n in range(10_000)) + "\n" + "," * 9_999 + "\n"
    keys = "".join(json.dumps({f"key {n}": "a"}) + "\n" for n in range(10_000))
    for name, content in (("rows.csv", wide), ("rows.jsonl", keys)):
        page = upload(manager, study, content.encode(), name).content.decode()
        assert "than 200 columns, which is the most" in page
        assert len(page) < 50_000
