"""A study whose pool a language model may label, what it labels there, and what people say of it."""

import pytest

from budgets.models import Path
from connections.models import Connection
from reports.advice import NextTranche, OfferRecord, next_tranche, recommend
from reports.model_labels import NUM_AUDITED, start_audit
from runs.models import LabelingJob
from runs.prompting import carry_out_labeling_job, start_labeling_job
from runs.requests import RunPlan, RunRequest
from studies.labels import assign_label
from studies.models import Split, Study
from tests import factories
from tests.integration.connections.conftest import price_tokens
from tests.integration.reports import ground

LABELS = LabelingJob.Purpose.LABELS


@pytest.fixture
def study(connection: Connection) -> Study:
    """Forty labels, 200 further texts, and two students; the model's tokens have prices."""
    made = factories.study(instructions="Is the mood good or bad?", limit="100")
    texts = [f"a {('great', 'awful')[number % 2]} thing {number}" for number in range(240)]
    labels = ["good", "bad"] * 20
    factories.examples(made, texts[:40], labels=labels)
    factories.examples(made, [f"{text} in the sun" for text in texts[:20]], split=Split.TEST, labels=labels[:20])
    factories.examples(made, texts[40:])
    price_tokens(made.budget.price_book, connection)
    ground.annotated(made, num_labels=20, utility=0.6)
    ground.annotated(made, num_labels=40, utility=0.7)
    return made


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    return next_tranche(study)


def by_model(found: NextTranche) -> list[OfferRecord]:
    """As they are, none of them verified."""
    return [one for one in found.offers if one.num_by_model and not one.num_to_verify]


def notes(found: NextTranche) -> str:
    assert found.recommendation is not None
    return " ".join(found.recommendation.notes)


def job(study: Study, connection: Connection, *, num: int) -> LabelingJob:
    plan = RunPlan(teacher_connection=connection.pk)
    request = RunRequest(study=study, path=Path.DISTIL, plan=plan, num_unlabelled=num)
    made = start_labeling_job(actor=study.created_by, request=request, purpose=LABELS)
    carry_out_labeling_job(job_id=made.pk)
    return made


def audit(study: Study, *, num_wrong: int = 0) -> None:
    """Draw an audit, and let people say the same of all but some."""
    drawn = start_audit(actor=study.created_by, study=study, num_examples=NUM_AUDITED)
    for place, example in enumerate(study.examples.filter(pk__in=drawn.example_ids).select_related("label")):
        other = {"good": "bad", "bad": "good"}[example.label.value]
        said = other if place < num_wrong else example.label.value
        assign_label(example=example, value=said, source_keys=[])
