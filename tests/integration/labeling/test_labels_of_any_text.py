import pytest

from labeling.label_studio import LabelStudioClient
from labeling.widgets import widget_of
from studies.task_types import TASK_TYPES
from tests.integration.labeling.conftest import Member, published_ids, synced
from tests.labelling import published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
LABELS = ('say "yes" & <no>', "naïve 日本語 'x'", "&amp;", "$text", "cost $5", r"50% {{x}} \ /")


def test_labels_of_any_text_come_back_as_they_went(
    label_studio: LabelStudioServer, annotator: Member, client_of: LabelStudioClient
) -> None:
    texts = (f"text {label}" for label in LABELS)
    study = published_study(*texts, labels=LABELS, instructions='Choose "one" & only <one>, for $5')
    for example_id, label in zip(published_ids(study), LABELS, strict=True):
        assert annotator.annotate(example_id, label).status_code == 201
    assert [one.value for one in synced(study)] == list(LABELS)


def test_label_studio_accepts_the_configuration_of_every_task_type(client_of: LabelStudioClient) -> None:
    for task_type in TASK_TYPES.values():
        config = widget_of(task_type).config(labels=LABELS)
        made = client_of.sdk.projects.create(title="configuration", label_config=config)
        known = made.parsed_label_config["label"]["labels_attrs"].values()
        assert {one.get("alias", one["value"]) for one in known} == (set(LABELS) if task_type.has_labels else set())
