"""What further labels of a language model are expected to cost, and what an audit of them would."""

from dataclasses import dataclass
from decimal import Decimal

from budgets.models import Path
from budgets.money import ZERO
from config.refusals import Refusal
from planning.likely import Likely
from reports.model_labels.labeller import NUM_AUDITED, Labeller
from runs.models import LabelingJob
from runs.prompting import MOST_LABELLED, quote_labeling_job
from runs.requests import RunPlan, RunRequest
from studies.models import Study

# Where answers turn out shorter, or fewer are read, than was expected.
_FEWER = 0.8


@dataclass(frozen=True, kw_only=True)
class LabelPrice:
    """What a label of a language model is expected to cost and at most, and how many it can give.

    `fault` says why none can; empty where some can.
    """

    expected: Decimal = ZERO
    most: Decimal = ZERO
    num_free: int = 0
    fault: str = ""

    def likely(self, num_labels: int) -> Likely:
        """The interval of what so many cost."""
        expected, most = (float(num_labels * each) for each in (self.expected, self.most))
        return Likely.around(expected, low=_FEWER * expected, high=(expected + most) / 2, most=most)


def price_labels(*, study: Study, labeller: Labeller, most: int) -> LabelPrice:
    """Price labels of a language model, as a job for them is quoted. Parameters: no more than `most` are wanted."""
    if labeller.fault:
        return LabelPrice(fault=labeller.fault)
    try:
        quote = quote_labeling_job(
            request=job_request(study=study, connection_id=labeller.connection_id, num_labels=min(most, MOST_LABELLED)),
            purpose=LabelingJob.Purpose.LABELS,
        )
    except Refusal as refusal:
        return LabelPrice(fault=f"No labels by {labeller.name} are on offer: {refusal}")
    if quote.fault:
        return LabelPrice(fault=f"No labels by {labeller.name} are on offer: {quote.fault}")
    num_free = len(quote.example_ids)
    assert quote.tokens.expected is not None and quote.tokens.most is not None, "what has no fault has a price"
    return LabelPrice(expected=quote.tokens.expected / num_free, most=quote.tokens.most / num_free, num_free=num_free)


def job_request(*, study: Study, connection_id: int, num_labels: int) -> RunRequest:
    """What asks for so many labels of a language model, by the latest version of the study's prompt."""
    plan = RunPlan(teacher_connection=connection_id)
    return RunRequest(study=study, path=Path.DISTIL, plan=plan, num_unlabelled=num_labels)


def price_audit(*, labeller: Labeller, by_model: LabelPrice, by_people: Decimal) -> Decimal | None:
    """What people's labels of a random part of its labels cost, and such labels where too few are there yet.

    None where these cannot be had. Parameters: `by_people`, of one example.
    """
    num_missing = max(NUM_AUDITED - labeller.num_auditable, 0)
    if num_missing and (by_model.fault or by_model.num_free < num_missing):
        return None
    return NUM_AUDITED * by_people + num_missing * by_model.expected
