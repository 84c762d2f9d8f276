from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from labeling.annotations import give_back
from labeling.models import Batch, LabelingProject, Publication
from labeling.publishing import PublishRequest, hold_batch, publishable
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


def offer(study: Study) -> None:
    wanted = publishable(study=study, split="pool")
    held = hold_batch(PublishRequest(by=study.created_by, study=study, examples=wanted, num_examples=2))
    assert held is not None and held.num_examples == 2


def test_they_are_of_the_batch_that_held_for_them_first() -> None:
    study = factories.study()
    LabelingProject.objects.create(study=study, label_studio_id=1)
    factories.examples(study, ["one", "two", "three", "four"])
    offer(study)
    first = Batch.objects.get()
    offer(study)
    for publication in Publication.objects.filter(batch=first):
        give_back(publication=publication, because=Publication.Because.STOPPED, reason="stopped")
    offer(study)
    known = dict(Publication.objects.values_list("pk", "offered_at"))
    assert set(known.values()) == set(Batch.objects.order_by("pk").values_list("created_at", flat=True)[:2])
    Publication.objects.update(offered_at=timezone.now() + timedelta(days=1))

    migration: Any = import_module("labeling.migrations.0013_offered_at")
    with connection.schema_editor() as editor:
        migration.of_the_first_offer(apps, editor)

    assert dict(Publication.objects.values_list("pk", "offered_at")) == known
