from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Member, published_ids
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_publish_says_what_was_published_and_what_the_budget_could_not_take(label_studio: LabelStudioServer) -> None:
    study = factories.study(limit="0.25")
    factories.examples(study, ["one", "two", "three"])
    assert (
        said("publish", str(study.pk))
        == "2 published, 0 published before.\nThe budget could not take 1 more: 0.05 short.\n"
    )


def test_sync_says_what_it_found(study: Study, annotator: Member) -> None:
    annotator.annotate(published_ids(study)[0])
    assert "1 annotations new or changed" in said("sync", study.name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publish", "no such study"], "There is no study 'no such study'"),
        (["publish", "{study}", "--examples", "-1"], "-1 must be 1 or more"),
        (["publish", "{study}", "--split", "train"], "'train' is not one of"),
        (["publish", "{study}", "--as", "nobody@example.com"], "No active person has the e-mail 'nobody@example.com'"),
        (["sync", "{study}"], "nothing published in Label Studio"),
    ],
)
def test_bad_input_is_one_clear_sentence(label_studio: LabelStudioServer, arguments: list[str], message: str) -> None:
    name = factories.study().name
    with pytest.raises(CommandError, match=message):
        said(*(argument.format(study=name) for argument in arguments))


def test_an_unreachable_label_studio_is_one_clear_sentence(study: Study, settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = "http://127.0.0.1:9"
    for command in ("publish", "sync"):
        with pytest.raises(CommandError, match="does not answer"):
            said(command, study.name)
