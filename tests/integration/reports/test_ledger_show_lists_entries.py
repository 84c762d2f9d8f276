from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def show(study: Study, *options: str) -> str:
    out = StringIO()
    call_command("ledger", "show", str(study), *options, stdout=out)
    return out.getvalue()


def test_all_entries_of_a_study_are_listed_with_their_sum() -> None:
    study = factories.study()
    annotation = ground.buy_labels(study, 2)[0]
    text = show(study)
    assert annotation.source_key in text
    assert "2 entries, 0.200000 USD in all." in text


def test_a_bill_lists_only_its_own_entries() -> None:
    study = factories.study()
    ground.buy_labels(study, 2)
    student = ground.annotated(study, num_labels=1)
    assert "2 entries, 0.110000 USD in all." in show(study, "--bill", str(student.pk))


def test_an_artifact_of_another_study_is_a_clear_error() -> None:
    study, other = factories.study(), factories.study()
    ground.buy_labels(other, 1)
    student = ground.annotated(other, num_labels=1)
    with pytest.raises(CommandError, match=f"has no artifact {student.pk}. Artifacts: none yet"):
        show(study, "--bill", str(student.pk))
