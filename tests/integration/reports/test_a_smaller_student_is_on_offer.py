"""Students of fewer layers on offer: cells of their own, with an offset from the whole student."""

import pytest

from planning.surfaces import Cell
from reports.advice import NextTranche, OfferRecord, next_tranche, recommend, situation_of
from reports.surfaces import surface_csv
from runs.models import Run
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Forty labels, 200 further texts of the pool, and a test split."""
    made = factories.study()
    factories.examples(made, [f"row {number}" for number in range(40)], labels=["good", "bad"] * 20)
    factories.examples(made, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(made, [f"new {number}" for number in range(200)])
    return made


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    return next_tranche(study)


def smaller(found: NextTranche) -> list[OfferRecord]:
    return [one for one in found.offers if one.layers]


def test_where_requests_are_expected_a_student_of_half_of_the_layers_is_on_offer(study: Study) -> None:
    ground.annotated(study, num_labels=40)
    Run.objects.filter(study=study).update(model=study.student_model)
    assert situation_of(study).smaller == ()
    Study.objects.filter(pk=study.pk).update(monthly_requests=1_000)
    found = advised(study)
    names = {f"a student of 2 of 3 layers from 40 labels{pseudo}" for pseudo in ("", " and 200 pseudo-labels")}
    assert {one.name for one in smaller(found)} == names
    (taught,) = [one for one in smaller(found) if one.pseudo_labels]
    (whole,) = [one for one in found.offers if (one.labels, one.pseudo_labels, one.layers) == (40, 200, ())]
    # Before one has run, it takes as long as the whole one may.
    assert (taught.compute_cost, taught.basis) == (whole.compute_cost, whole.basis)
    assert taught.score and whole.score and taught.band_90 and taught.score < whole.score
    request = taught.request(study)
    assert (request.plan.student_layers, request.num_unlabelled, request.plan.teacher_seeds) == ((0, 1), 200, "one")


def test_a_student_of_fewer_layers_measures_no_whole_one(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(monthly_requests=1_000)
    ground.annotated(study, num_labels=20, utility=0.6)
    (said,) = [one for one in smaller(advised(study)) if not one.pseudo_labels]
    Study.objects.filter(pk=study.pk).update(monthly_requests=None)
    made = ground.annotated(study, num_labels=40, utility=0.5)
    Run.objects.filter(pk=made.run_id).update(model={**study.student_model, "layers": [0, 2]})
    found = advised(study)
    assert Cell(40, layers=2) in situation_of(study).measured
    assert (40, 0, ()) in {(one.labels, one.pseudo_labels, one.layers) for one in found.offers}
    # The layers that were measured are on offer, where no request is expected too.
    assert {(one.pseudo_labels, one.layers) for one in smaller(found)} == {(200, (0, 2))}
    (outcome,) = found.outcomes
    assert (outcome.artifact, outcome.low_90, outcome.high_90) == (made, *(said.band_90 or ()))
    assert ",40,0," not in surface_csv(study)


def test_a_student_of_all_layers_by_name_is_a_whole_one(study: Study) -> None:
    made = ground.annotated(study, num_labels=40)
    Run.objects.filter(pk=made.run_id).update(model={**study.student_model, "layers": [0, 1, 2]})
    assert situation_of(study).measured == {Cell(40)}
