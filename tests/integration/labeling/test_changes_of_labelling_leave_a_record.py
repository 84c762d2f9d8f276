from dataclasses import replace
from unittest.mock import patch

import pytest
from pytest_django import Settings

from accounts.models import AuditRecord
from labeling.label_studio import LabelStudioClient, connect, ensure_project
from labeling.publishing import publish
from studies.models import Study
from tests import factories


def of(action: str) -> list[AuditRecord]:
    return list(AuditRecord.objects.filter(action=action).order_by("id"))


def test_a_publishing_is_recorded_once_with_what_was_published(study: Study) -> None:
    publish(actor=study.created_by, study=study)
    (made,) = of("labelling.publish")
    assert (made.actor, made.budget_id) == (study.created_by, study.budget_id)
    assert (made.after["split"], made.after["examples"]) == ("pool", 3)


def test_the_connection_is_recorded_the_first_time_only(study: Study, settings: Settings) -> None:
    factories.examples(study, ["four"])
    publish(actor=study.created_by, study=study)
    (made,) = of("labelling.connect")
    assert (made.who, made.after["url"], made.before) == ("Fulcrum", settings.LABEL_STUDIO_URL, {})
    assert made.after["release"].startswith("1.")
    assert settings.LABEL_STUDIO_API_TOKEN not in str(made.after)


def test_another_release_token_or_address_is_recorded_from_what_to_what(study: Study, settings: Settings) -> None:
    settings.SECRET_KEY = "another"
    with patch.object(LabelStudioClient, "release", return_value="1.23.9"):
        ensure_project(study=study, client=connect())
    first, second = of("labelling.connect")
    assert set(second.after) == {"release", "token_hash"}
    assert (second.before["release"], second.after["release"]) == (first.after["release"], "1.23.9")


@pytest.mark.parametrize("typed", ["http://user:pass@127.0.0.1:{port}", "http://127.0.0.1:{port}"])
def test_credentials_in_an_address_are_left_out(study: Study, settings: Settings, typed: str) -> None:
    port = settings.LABEL_STUDIO_URL.rpartition(":")[2]
    ensure_project(study=study, client=replace(connect(), url=typed.format(port=port)))
    assert all("pass" not in str(made.after) for made in of("labelling.connect"))
