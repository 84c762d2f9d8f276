from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from studies.hashing import digest
from studies.models import Example, Study
from tests import factories

pytestmark = pytest.mark.django_db


def hashed_as_before(example: Example) -> str:
    """The hash of an example's text sign by sign."""
    return digest(sorted(example.fields.items()))


def rehash() -> None:
    migration: Any = import_module("studies.migrations.0006_texts_that_look_the_same")
    with connection.schema_editor() as editor:
        migration.rehash(apps, editor)


def study_from_before(*texts: str) -> Study:
    study = factories.study()
    for number, text in enumerate(texts):
        factories.import_csv(study, f'text\n"stand-in {number}"\n')
        example = study.examples.order_by("pk").last()
        assert example is not None
        example.fields = {"text": text}
        example.content_hash = hashed_as_before(example)
        example.save()
    return study


def test_a_file_that_is_imported_again_finds_its_examples() -> None:
    study = study_from_before("Déjà\u00a0vu", "plain")
    rehash()
    again = factories.import_csv(study, "text\nDéjà vu\nplain\n")
    assert (again.num_created, again.num_duplicates) == (0, 2)


def test_of_two_that_look_the_same_both_stay() -> None:
    study = study_from_before("a\u200bb", "a\u2060b")
    rehash()
    first, second = study.examples.order_by("pk")
    assert first.content_hash != second.content_hash
    assert first.group_hash == second.group_hash
