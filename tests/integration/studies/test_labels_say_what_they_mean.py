import re
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import AuditRecord
from studies.editing import (
    LabelTextsInvalid,
    StudyInUse,
    change_study,
    duplicate_study,
    read_label_lines,
    texts_of_labels,
    write_label_lines,
)
from studies.models import Study
from tests import factories
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db
LINES = "praise | the writer is content | I loved it | Well done\n\nblame |  | Never again"


@pytest.fixture
def study() -> Study:
    return factories.study(labels=("praise", "blame", "other"))


def described(study: Study, lines: str = LINES) -> Study:
    return change_study(actor=study.created_by, study=study, label_texts=read_label_lines(lines, labels=study.labels))


def test_lines_are_kept_as_description_and_phrases(study: Study) -> None:
    assert described(study).label_texts == {
        "praise": {"description": "the writer is content", "phrases": ["I loved it", "Well done"]},
        "blame": {"description": "", "phrases": ["Never again"]},
    }


def test_what_was_written_reads_as_the_same(study: Study) -> None:
    kept = described(study)
    kept.refresh_from_db()
    lines = write_label_lines(kept)
    assert lines.splitlines()[0] == "praise | the writer is content | I loved it | Well done"
    assert read_label_lines(lines, labels=study.labels) == kept.label_texts


def test_a_label_may_have_the_separator_in_it() -> None:
    study = factories.study(labels=("a", "a | b"))
    assert described(study, "a | b | both of them").label_texts == {
        "a | b": {"description": "both of them", "phrases": []}
    }


def test_a_model_is_told_by_the_template_of_the_task_type(study: Study) -> None:
    assert texts_of_labels(described(study)) == {
        "praise": ["praise: the writer is content", "I loved it", "Well done"],
        "blame": ["blame", "Never again"],
    }
    entities = factories.study(labels=("praise",), task_type="entity_extraction")
    assert texts_of_labels(described(entities, "praise | good words")) == {"praise": ["praise, good words"]}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("Praise | of a kind", "“Praise” is not one of the labels"),
        ("praise | one\npraise | two", "two lines describe “praise”"),
        (
            "praise | it is so\nblame | It  is SO",
            "“praise” and “blame” both say “It  is SO”. Say what tells them apart",
        ),
        ("praise | it is so | it is so", "“praise” says “it is so” twice"),
        (f"praise | {'a' * 1001}", "a text of 1,001 characters; the maximum is 1,000"),
        (f"praise |  | {'a' * 301}", "a text of 301 characters; the maximum is 300"),
        (f"praise | a{' | '.join(['', *map(str, range(21))])}", "has 21 example phrases; the maximum is 20"),
        ("praise | so\x0bso", "has a vertical tab"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_label(study: Study, lines: str, reason: str) -> None:
    with pytest.raises(LabelTextsInvalid, match=re.escape(reason)):
        described(study, lines)
    study.refresh_from_db()
    assert study.label_texts == {}


def test_labels_that_would_take_too_long_to_read_are_refused() -> None:
    labels = tuple(f"label {number}" for number in range(120))
    study = factories.study(labels=labels)
    with pytest.raises(LabelTextsInvalid, match="characters in all; the maximum is 100,000"):
        described(study, "\n".join(f"{label} | {label} {'a' * 950}" for label in labels))


def test_a_label_that_is_described_does_not_leave_without_its_description(study: Study) -> None:
    described(study)
    with pytest.raises(LabelTextsInvalid, match="“blame” is not one of the labels"):
        change_study(actor=study.created_by, study=study, labels=["praise", "other"])


def test_they_stay_while_people_work_by_them(study: Study) -> None:
    factories.examples(study, ["one"])
    hold_examples(study)
    with pytest.raises(StudyInUse, match="working by the current descriptions of the labels"):
        described(study)


def test_a_change_is_recorded(study: Study) -> None:
    described(study, "praise | kind words")
    record = AuditRecord.objects.get(action="study.change")
    assert record.after == {"label_texts": {"praise": {"description": "kind words", "phrases": []}}}


def test_a_duplicate_has_them_too(study: Study) -> None:
    made = duplicate_study(actor=study.created_by, study=described(study), name="Again", limit="5")
    assert made.label_texts == Study.objects.get(pk=study.pk).label_texts


def test_commands_take_them_from_a_file(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text(LINES, encoding="utf-8")
    call_command("change_study", str(study.pk), "--label-texts", str(file))
    book = study.budget.price_book.name
    asked = ["--label", "praise", "--label", "blame", "--limit", "5", "--prices", book, "--label-texts", str(file)]
    call_command("create_study", "Another", *asked)
    study.refresh_from_db()
    assert Study.objects.get(name="Another").label_texts == study.label_texts != {}


def test_a_file_that_cannot_be_read_is_named(study: Study, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"--label-texts: .*none.txt cannot be read"):
        call_command("change_study", str(study.pk), "--label-texts", str(tmp_path / "none.txt"))
