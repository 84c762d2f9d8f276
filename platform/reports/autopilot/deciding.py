"""What an autopilot does next: it buys, waits or stops, and says why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from django.utils import timezone

from accounts.permissions import Action, allows
from budgets.models import BudgetStop
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.models import Assignment, Batch
from labeling.publishing import EXAMPLES_PER_BATCH, quote_labels, quote_opinions
from planning.policy import least_visible
from reports.advice import NextTranche, OfferRecord, Situation, measured_points, next_tranche, situation_of
from reports.autopilot.spending import Spending, spending_of
from reports.formatting import money, percent
from reports.model_labels import job_request
from reports.models import Autopilot, Recommendation
from runs.models import LabelingJob, Run, RunState
from runs.prompting import LabelingJobImpossible, quote_labeling_job
from runs.requests import RunRequest, chain_of, count_inputs, device_price, estimate_runs
from studies.models import Study
from tables.table import counted

BUYS = (Action.USE_AUTOPILOT, Action.START_RUN, Action.PUBLISH_EXAMPLES, Action.ASK_LANGUAGE_MODEL)
"""What whoever it acts for must be allowed to do."""
LABELS = LabelingJob.Purpose.LABELS


@dataclass(frozen=True, kw_only=True)
class Stop:
    """It is done: a person has to switch it on again."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """It looks again later; with `is_stale` a worker has to recommend first."""

    reason: str
    is_stale: bool = False


class PeopleWork(Enum):
    """What people in Label Studio are to do: label examples, give labels a second opinion, verify a model's labels."""

    LABELS = "labels"
    OPINIONS = "opinions"
    VERIFYING = "verifying"


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """What is bought of a recommendation.

    People do `work` on `num_examples`, or `requests` are started. With a `job`, a language model is asked for labels,
    and no more is done. `price` is what it is expected to cost, `holds` the most: its worst case.
    """

    recommendation: Recommendation
    offer: OfferRecord
    name: str
    price: Decimal
    holds: Decimal
    work: PeopleWork | None = None
    num_examples: int = 0
    requests: Sequence[RunRequest] = ()
    job: RunRequest | None = None


Decision = Stop | Wait | Purchase


@dataclass(frozen=True, kw_only=True)
class View:
    """All that a decision rests on."""

    autopilot: Autopilot
    situation: Situation
    tranche: NextTranche
    spending: Spending
    today: date

    @property
    def study(self) -> Study:
        return self.situation.study

    @property
    def recommendation(self) -> Recommendation:
        """What it buys of."""
        assert self.tranche.recommendation is not None, "without one it waits"
        return self.tranche.recommendation

    def money(self, amount: Decimal) -> str:
        return money(amount, currency=self.study.budget.currency)


def view_of(autopilot: Autopilot) -> View:
    """Read what an autopilot decides by."""
    situation, today = situation_of(autopilot.study), timezone.localdate()
    return View(
        autopilot=autopilot,
        situation=situation,
        tranche=next_tranche(autopilot.study, situation=situation),
        spending=spending_of(autopilot, today=today),
        today=today,
    )


def decide(view: View) -> Decision:
    """Decide on the next step; nothing is written."""
    for rule in RULES:
        decision = rule(view)
        if decision is not None:
            return decision
    try:
        purchase = _purchase(view)
    except Refusal as refusal:
        return Wait(reason=str(refusal))
    return _beyond_caps(view, purchase) or purchase


def _without_right(view: View) -> Stop | None:
    person = view.autopilot.acts_for
    if all(allows(actor=person, action=action) for action in BUYS):
        return None
    lost = "may not start runs, publish examples and ask language models any more"
    return Stop(reason=f"{person.email}, for whom it bought, {lost}.")


def _stopped(view: View) -> Stop | None:
    """A stop of everything ends it, one that was resumed meanwhile too."""
    stops = BudgetStop.objects.filter(budget=view.study.budget_id, started_at__gte=view.autopilot.on_since)
    stop = stops.order_by("-started_at").first()
    return Stop(reason=f"The study was stopped: {stop.reason.rstrip('.')}.") if stop else None


def _past_its_day(view: View) -> Stop | None:
    until = view.autopilot.until
    return Stop(reason=f"Its last day was {until:%Y-%m-%d}.") if until and view.today > until else None


def _at_target(view: View) -> Stop | None:
    best = max((point.utility for point in view.situation.points), default=None)
    target = view.autopilot.target
    if target is None or best is None or best < target:
        return None
    return Stop(reason=f"The target is reached: {percent(best)} of the {percent(target)} asked for.")


def _came_to_nothing(view: View) -> Stop | None:
    """What failed, or was cancelled by a person, is not bought again by itself."""
    last = view.autopilot.steps.filter(made_at__gte=view.autopilot.on_since).order_by("-pk").first()
    if last is None:
        return None
    run = last.runs.filter(state__in=[RunState.FAILED, RunState.CANCELLED]).order_by("pk").first()
    if run is not None:
        why = f": {run.error.rstrip('.')}" if run.error else ""
        return Stop(reason=f"{run}, which it started, {run.get_state_display().lower()}{why}.")
    job = last.jobs.filter(state=LabelingJob.State.STOPPED).first()
    if job is not None:
        return Stop(reason=f"{job}, which it started, was stopped.")
    refused = Batch.objects.filter(publications__example__in=last.examples.all(), state=Batch.State.WITHDRAWN)
    return Stop(reason="The examples that it published were withdrawn.") if refused.exists() else None


def _in_progress(view: View) -> Wait | None:
    """One tranche after the other, whoever bought it."""
    run = Run.objects.filter(study=view.study).exclude(state__in=RunState.ended()).order_by("pk").first()
    if run is not None:
        return Wait(reason=f"{run} is {run.get_state_display().lower()}; what it measures comes first.")
    job = LabelingJob.objects.filter(study=view.study, purpose=LABELS, ended_at__isnull=True).first()
    if job is not None:
        why = f" ({job.reason.rstrip('.')})" if job.reason else ""
        return Wait(reason=f"{job} is {job.get_state_display().lower()}{why}; its labels come first.")
    waiting = Assignment.objects.waiting().filter(publication__example__study=view.study)
    num_open = waiting.values("publication").distinct().count()
    if not num_open:
        return None
    return Wait(reason=f"{counted(num_open, 'published example')} wait for annotators; their labels come first.")


def _stale(view: View) -> Wait | None:
    if view.tranche.is_current:
        return None
    return Wait(reason="Nothing is recommended for the present state yet; a worker is at it.", is_stale=True)


def _nothing_to_buy(view: View) -> Stop | Wait | None:
    """The words of a recommendation that buys nothing, or of which nothing can be told."""
    found, words = view.tranche, _words(view)
    if found.pilot:
        return None
    if not found.offers:
        return Wait(reason=words)
    if found.best is None or not found.best.can_tell or found.best.gain is None:
        return Stop(reason=words)
    least = least_visible(measured_points(view.situation).curve)
    return Stop(reason=words) if found.best.gain < least else None


def _bought(view: View) -> Wait | None:
    kept = view.tranche.recommendation
    if kept is None or not hasattr(kept, "autopilot_step"):
        return None
    return Wait(
        reason=f"It bought this recommendation on {kept.autopilot_step.made_at:%Y-%m-%d} and nothing has changed."
    )


RULES: Sequence[Callable[[View], Stop | Wait | None]] = (
    _without_right,
    _stopped,
    _past_its_day,
    _at_target,
    _came_to_nothing,
    _in_progress,
    _stale,
    _nothing_to_buy,
    _bought,
)


def _words(view: View) -> str:
    kept = view.tranche.recommendation
    return kept.words if kept else ""


def _purchase(view: View) -> Purchase:
    """What is bought first of the recommendation, as its button does. Raises: Refusal (it cannot be priced)."""
    found = view.tranche
    if found.startable:
        return _pilot(view)
    offer = found.pilot[0] if found.pilot else found.best
    assert offer is not None, "a recommendation without an offer stops or waits"
    if offer.scorer is not None:
        return _scores(view, offer)
    if offer.num_new and offer.labeller is not None:
        return _labels_by_model(view, offer, offer.labeller)
    if offer.num_new or offer.num_to_verify or offer.num_asked:
        return _of_people(view, offer)
    return _runs(view, offer, offer.request(view.study), name=offer.name, price=offer.compute_cost)


def _pilot(view: View) -> Purchase:
    found = view.tranche
    return Purchase(
        recommendation=view.recommendation,
        offer=found.startable[0],
        name=f"the pilot: {'; '.join(one.name for one in found.startable)}",
        price=sum((one.pilot_adds for one in found.startable if one.pilot_adds is not None), ZERO),
        holds=found.pilot_holds,
        requests=[one.request(view.study) for one in found.startable],
    )


def _of_people(view: View, offer: OfferRecord) -> Purchase:
    """At most one batch of labels: money of people is spent in small steps."""
    study, labeller = view.study, view.situation.labeller
    if offer.num_new:
        work, num_left = PeopleWork.LABELS, view.situation.selection.num_selectable if offer.is_chosen else None
        quote = quote_labels(study=study, num_examples=min(offer.num_new, EXAMPLES_PER_BATCH), num_left=num_left)
        chosen = ", chosen by uncertainty" if offer.is_chosen else ""
        what = f"{counted(quote.num_examples, 'more label')}{chosen}"
    elif offer.num_to_verify:
        assert labeller is not None, "without a language model none of its labels are on offer"
        work, num_left = PeopleWork.VERIFYING, labeller.num_reviewable
        quote = quote_labels(study=study, num_examples=min(offer.num_to_verify, EXAMPLES_PER_BATCH), num_left=num_left)
        least_sure = f"the {counted(quote.num_examples, 'label')} that {labeller.name} is least sure of"
        what = f"people verifying {least_sure}"
    else:
        work, quote = PeopleWork.OPINIONS, quote_opinions(study=study, num_examples=offer.num_asked)
        what = f"second opinions on {counted(quote.num_examples, 'label')}"
    return Purchase(
        recommendation=view.recommendation,
        offer=offer,
        name=f"{what}, for {offer.student}",
        price=quote.estimate.expected,
        holds=quote.held,
        work=work,
        num_examples=quote.num_examples,
    )


def _labels_by_model(view: View, offer: OfferRecord, connection_id: int) -> Purchase:
    """All of an offer: what a language model gives is cheap, and held for batch by batch."""
    request = job_request(study=view.study, connection_id=connection_id, num_labels=offer.num_new)
    quote = quote_labeling_job(request=request, purpose=LABELS)
    if quote.fault or quote.tokens.expected is None or quote.tokens.most is None:
        raise LabelingJobImpossible(quote.fault)
    number, name = counted(len(quote.example_ids), "more label"), quote.language_model.connection.name
    return Purchase(
        recommendation=view.recommendation,
        offer=offer,
        name=f"{number} by {name}, for {offer.student}",
        price=quote.tokens.expected,
        holds=quote.tokens.most,
        job=request,
    )


def _scores(view: View, offer: OfferRecord) -> Purchase:
    """What a model is to choose labels by comes first."""
    name = f"scores of {counted(offer.num_to_score, 'example')}, for {offer.name}"
    return _runs(view, offer, offer.scoring_request(view.study), name=name, price=offer.scoring_cost or ZERO)


def _runs(view: View, offer: OfferRecord, request: RunRequest, *, name: str, price: Decimal) -> Purchase:
    chain = chain_of(request=request, inputs=count_inputs(request))
    return Purchase(
        recommendation=view.recommendation,
        offer=offer,
        name=name,
        price=price,
        holds=estimate_runs(chain=chain, price=device_price(view.study)).limit,
        requests=[request],
    )


def _beyond_caps(view: View, purchase: Purchase) -> Stop | Wait | None:
    """Why the caps do not take a purchase's worst case; None where they do."""
    spending, holds = view.spending, f"{purchase.name} holds {view.money(purchase.holds)}"
    day, cap = view.money(spending.a_day), view.money(spending.cap)
    if purchase.holds > spending.left_in_all:
        left = view.money(max(spending.left_in_all, ZERO))
        return Stop(reason=f"Its cap does not take the next purchase: {holds}, and {left} of {cap} is left.")
    if purchase.holds > spending.a_day:
        way_out = "Raise the share, or buy it yourself."
        return Wait(reason=f"The next purchase is more than a day's share, {day}: {holds}. {way_out}")
    if purchase.holds > spending.left_today:
        left = view.money(max(spending.left_today, ZERO))
        return Wait(reason=f"The next purchase comes on another day: {holds}, and {left} of today's {day} is left.")
    return None
