"""A study whose next tranche is given, and an autopilot for it, with a Label Studio that takes whatever is sent."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from labeling.models import LabelingProject
from reports.advice import OfferRecord, situation_of
from reports.autopilot import AutopilotSettings, switch_on
from reports.models import Autopilot, Recommendation
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

LABEL_PRICE = Decimal("0.10")


def ready_study(*, limit: str = "100", num_labels: int = 40, num_new: int = 60, is_measured: bool = True) -> Study:
    """Labels of the pool, further texts of it, and a test split; a label costs 0.10 and an hour 0.60.

    One student of half of the labels is measured, unless there is to be none.
    """
    study = factories.study(limit=limit)
    labels = ["good", "bad"] * (num_labels // 2)
    factories.examples(study, [f"row {number}" for number in range(num_labels)], labels=labels)
    factories.examples(study, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(study, [f"new {number}" for number in range(num_new)])
    if is_measured:
        ground.annotated(study, num_labels=num_labels // 2)
    return study


def switched_on(study: Study, **settings: Any) -> Autopilot:
    """On, for whoever made the study: all of the budget a day, and a cap of 50."""
    chosen = {"share_a_day": "1", "cap": "50", **settings}
    return switch_on(actor=study.created_by, study=study, settings=AutopilotSettings(**chosen))


def recommended(study: Study, *, num_new: int = 0, num_labels: int | None = None, **fields: Any) -> Recommendation:
    """Recommend one student for the present state: of further labels, or of the labels that are there."""
    study.refresh_from_db()
    situation = situation_of(study)
    labels = situation.pool.num_labels + num_new if num_labels is None else num_labels
    offer = OfferRecord(
        **{
            "labels": labels,
            "pseudo_labels": 0,
            "num_new": num_new,
            "num_waiting": 0,
            "label_cost": LABEL_PRICE * num_new,
            "compute_cost": LABEL_PRICE,
            "basis": "runs like it",
            "minutes": 60,
            "name": f"a student of {labels} labels",
            "score": 80.0,
            "band_80": (77.0, 83.0),
            "band_90": (76.0, 84.0),
            "own_gain": 9.0,
            "gain": 10.0,
            "chance_of_being_best": 0.7,
            "can_tell": True,
            **fields,
        }
    )
    return Recommendation.objects.create(
        study=study,
        state=situation.key,
        words=f"Buy {offer.name}.",
        labels=offer.labels,
        pseudo_labels=offer.pseudo_labels,
        num_chosen=offer.num_chosen,
        num_by_model=offer.num_by_model,
        num_verified=offer.num_verified,
        kept_layers=len(offer.layers),
        num_opinions=offer.num_opinions,
        price=offer.price,
        offers=[offer.as_json],
    )


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[LabelingProject]]:
    """Label Studio as an autopilot meets it; yields the projects whose held examples were sent. No worker is told."""
    sent: list[LabelingProject] = []

    def open_project(*, study: Study, client: object) -> LabelingProject:
        return LabelingProject.objects.get_or_create(study=study, defaults={"label_studio_id": 1})[0]

    monkeypatch.setattr("reports.autopilot.stepping.connect", lambda: None)
    monkeypatch.setattr("reports.autopilot.stepping.open_project", open_project)
    monkeypatch.setattr("reports.autopilot.stepping.resume_batches", lambda *, project, client: sent.append(project))
    monkeypatch.setattr("runs.execution.queueing._send", lambda run_id: None)
    yield sent
