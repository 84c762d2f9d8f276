from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from studies.models import Example, Study
from tests import factories

pytestmark = pytest.mark.django_db
REVIEWS = "id,sentence,label\nR-1001,The lid was cracked.,bad\nR-1002,Came a day early.,good\n"
QUESTION = "What was good, what was bad, what was missing?"
SURVEY = f'"{QUESTION}";label;Zeit\n"Quick, cheap and friendly";good;10:01\nSlow;bad;10:02\n'


@pytest.fixture
def study() -> Study:
    return factories.study()


def brought(study: Study, tmp_path: Path, content: str, *extra: str, name: str = "rows.csv") -> str:
    file, out = tmp_path / name, StringIO()
    file.write_text(content)
    call_command("import_examples", str(study.pk), str(file), *extra, stdout=out)
    return out.getvalue()


def texts(study: Study) -> set[str]:
    return {example.fields["text"] for example in Example.objects.filter(study=study)}


def test_the_column_that_is_the_text_is_said_and_is_no_id(study: Study, tmp_path: Path) -> None:
    said = brought(study, tmp_path, REVIEWS)
    assert "Column “sentence” is the text." in said
    assert "Not imported: id." in said
    assert texts(study) == {"The lid was cracked.", "Came a day early."}


@pytest.mark.parametrize("header", ["id,code,label", "first,second,label", "R,passage one,passage two"])
def test_a_header_that_does_not_tell_is_asked_about_and_nothing_is_imported(
    study: Study, tmp_path: Path, header: str
) -> None:
    with pytest.raises(CommandError, match=r"Which column is text\? Add --column text=COLUMN. The file has "):
        brought(study, tmp_path, f"{header}\na,b,good\n")
    assert not texts(study)


def test_a_preview_asks_too(study: Study, tmp_path: Path) -> None:
    assert "Which column is text?" in brought(study, tmp_path, "first,second\na,b\n", "--preview")


def test_a_named_column_is_taken(study: Study, tmp_path: Path) -> None:
    brought(study, tmp_path, "first,second\na,b\n", "--column", "text=second")
    assert texts(study) == {"b"}


def test_a_column_may_have_commas_in_its_name(study: Study, tmp_path: Path) -> None:
    said = brought(study, tmp_path, SURVEY, "--column", f"text={QUESTION}")
    assert texts(study) == {"Quick, cheap and friendly", "Slow"}
    assert "Delimiter: semicolon" in said


def test_a_column_for_no_input_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--column: words is not an input; write text=COLUMN"):
        brought(study, tmp_path, "text\na\n", "--column", "words=text")


def test_two_columns_of_a_pair_are_taken_in_their_order(tmp_path: Path) -> None:
    pairs = factories.study(task_type="pair_classification")
    said = brought(pairs, tmp_path, "id,claim,evidence,label\n1,a,b,good\n")
    assert "Column “claim” is the text_a.\nColumn “evidence” is the text_b." in said
