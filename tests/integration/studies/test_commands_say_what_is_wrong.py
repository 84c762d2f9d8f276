from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from studies.models import ImportBatch, Study
from tests import factories

pytestmark = pytest.mark.django_db


def create(*extra: str, **prices: str) -> None:
    book = factories.price_book()
    options = {"--limit": "10", "--prices": book.name, **prices}
    call_command("create_study", "Topics", "--label", "good", "--label", "bad", *sum(options.items(), ()), *extra)


def test_a_study_is_made_from_the_command_line() -> None:
    create("--student", "hub:org/model@v1")
    assert Study.objects.get().student_model == {"source": "hub", "name": "org/model", "revision": "v1"}


def test_a_limit_is_read_by_its_decimal_comma_and_said_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    create("--limit", "0,004")
    assert "budget 0.004 USD" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (("--student", "magic"), "is not hub:NAME"),
        (("--prices", "None such"), "There is no price book"),
        (("--limit", "lots"), "limit: 'lots' is not a number"),
        (("--limit", "1,000"), "limit: '1,000' may have thousands separators"),
        (("--as", "nobody@example.com"), "No active person"),
    ],
)
def test_a_bad_argument_is_named(extra: tuple[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        create(*extra)
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("content", "extra", "message"),
    [
        (b"body,label\na,good\n", ("--column", "text=text"), "no column text. It has body, label"),
        (b"text\ncaf\xe9\n", (), "Line 2 is not UTF-8"),
        (b"text,label\n,good\n", (), "Line 2: text: the text is empty"),
        (b"text,label\na,ugly\n", (), "Line 2: label: “ugly” is not a label"),
    ],
)
def test_a_bad_file_is_explained_and_nothing_is_kept(
    tmp_path: Path, content: bytes, extra: tuple[str, ...], message: str
) -> None:
    study = factories.study()
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("import_examples", str(study.pk), str(file), *extra)
    assert not study.examples.exists()
    assert not ImportBatch.objects.exists()


def test_a_missing_file_and_an_unknown_study_are_said(tmp_path: Path) -> None:
    study = factories.study()
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_examples", str(study.pk), str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="There is no study"):
        call_command("import_examples", "none", str(tmp_path / "none.csv"))


def test_a_preview_keeps_nothing(tmp_path: Path) -> None:
    study = factories.study()
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "a", "label": "good"}\n')
    call_command("import_examples", str(study.pk), str(file), "--preview")
    assert not study.examples.exists()
    assert not ImportBatch.objects.exists()
