"""What can be bought next, priced as the publish page and the start page quote it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from budgets.ledger import Part
from budgets.models import Path
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.publishing import quote_labels
from planning.policy import pseudo_sizes
from planning.surfaces import TEACHER, Cell
from reports.advice.compute import compute_of
from reports.advice.history import PriceHistory, price_history
from reports.advice.offers.labels import LabelSize, asked_sizes, chosen_sizes, label_sizes, model_sizes
from reports.advice.offers.offer import Offer, Offers
from reports.advice.offers.verified import sizes_to_verify
from reports.advice.situation import OWN_CHECKPOINT, STUDYS_TEACHER, Situation, teachers_of
from runs.checkpoints import num_layers
from runs.preflight import CheckLevel, preflight
from runs.requests import HYBRID_EPOCHS, ONE_FOR_ALL, Chain, Inputs, RunPlan, RunRequest, chain_of, count_inputs
from tables.table import counted

# Refusals that more labels do not cure.
LASTING = frozenset({"Model", "Layers", "Pooling", "Segmentation", "Length", "Vocabulary", "Memory", "Licence"})


def offers_of(situation: Situation) -> Offers:
    """Price what can be bought next."""
    offers = Offers()
    if situation.device is None:
        offers.note("No price of a device hour is set, so no student can be priced.")
        return offers
    there = count_inputs(RunRequest(study=situation.study, path=Path.ANNOTATE, plan=_alone(situation)))
    history = price_history()
    sizes = label_sizes(situation, offers)
    chosen, asked = chosen_sizes(situation, history, sizes, offers), asked_sizes(situation, offers)
    for size in [*sizes, *chosen, *asked]:
        for request in _requests(situation, size):
            inputs = replace(there, num_labels=size.num_labels, num_unlabelled=request.num_to_score)
            _add(offers, situation, history, size, request, inputs)
    by_model = model_sizes(situation, offers)
    for size in [*by_model, *sizes_to_verify(situation, by_model, offers)]:
        alike = RunRequest(study=situation.study, path=Path.ANNOTATE, plan=RunPlan(), num_labels=size.num_labels)
        _add(offers, situation, history, size, alike, count_inputs(alike))
    return offers


def price_of_labels_alone(situation: Situation, num_labels: int) -> Decimal:
    """What a student of so many labels of the pool is expected to cost from here, whatever money is left.

    Raises: PriceMissing where labels beyond those there, or on their way, have no price.
    """
    request = RunRequest(study=situation.study, path=Path.ANNOTATE, plan=_alone(situation), num_labels=num_labels)
    inputs = replace(count_inputs(request), num_labels=num_labels)
    compute, _ = compute_of(chain_of(request=request, inputs=inputs), situation, price_history())
    num_new = num_labels - situation.pool.num_there
    if num_new <= 0:
        return compute.expected
    return compute.expected + quote_labels(study=situation.study, num_examples=num_new).estimate.expected


def _alone(situation: Situation, **settings: Any) -> RunPlan:
    """A plan for a student of people's labels alone."""
    return RunPlan(gold_only=situation.pool.num_by_model > 0, **settings)


def _requests(situation: Situation, size: LabelSize) -> Iterator[RunRequest]:
    """The students that can be made of these labels, with the teacher that each is to learn from."""
    study, num_labels = situation.study, size.num_labels
    yield RunRequest(study=study, path=Path.ANNOTATE, plan=_alone(situation), num_labels=num_labels)
    teacher_run = None if size.num_asked else _teacher_there(situation, num_labels, STUDYS_TEACHER)
    # One teacher, as offers are priced by: with more, a student costs more and its score is as likely.
    plan = RunPlan(
        teacher_run=teacher_run,
        teacher_seeds=ONE_FOR_ALL,
        gold_epochs=HYBRID_EPOCHS if num_labels and prefers_hybrid(situation) else 0,
    )
    is_plain = size.selection is None and not size.num_asked
    if teacher_run is None and is_plain:
        look = RunPlan(teacher_only=True)
        yield RunRequest(study=study, path=Path.DISTIL, plan=look, num_labels=num_labels)
    plans = [plan, *_plans_of_own_checkpoint(situation, size, plan)]
    sizes = pseudo_sizes(situation.pool.num_examples - num_labels)
    yield from _smaller_students(situation, size, plan, sizes[-1:])
    # What a model chose, and second opinions, are compared with random labels at the largest size alone.
    for num_unlabelled in sizes if is_plain else sizes[-1:]:
        for one in plans:
            yield RunRequest(
                study=study, path=Path.DISTIL, plan=one, num_labels=num_labels, num_unlabelled=num_unlabelled
            )


def _smaller_students(
    situation: Situation, size: LabelSize, plan: RunPlan, pseudo_labels: Sequence[int]
) -> Iterator[RunRequest]:
    """One of fewer layers on each path, with all labels there: enough to tell what it loses."""
    study, layers = situation.study, situation.smaller
    if not layers or size.num_labels != situation.pool.num_labels or size.selection or size.num_asked:
        return
    alone, taught = _alone(situation, student_layers=layers), replace(plan, student_layers=layers)
    yield RunRequest(study=study, path=Path.ANNOTATE, plan=alone, num_labels=size.num_labels)
    for number in pseudo_labels:
        yield RunRequest(study=study, path=Path.DISTIL, plan=taught, num_labels=size.num_labels, num_unlabelled=number)


def _plans_of_own_checkpoint(situation: Situation, size: LabelSize, plan: RunPlan) -> list[RunPlan]:
    """As the study's teacher teaches, by the student's own checkpoint: where that is another, with all labels there."""
    if size.num_labels != situation.pool.num_labels or size.num_asked or len(teachers_of(situation.study)) == 1:
        return []
    teacher_run = _teacher_there(situation, size.num_labels, OWN_CHECKPOINT)
    return [replace(plan, teacher_run=teacher_run, self_distil=teacher_run is None)]


def _teacher_there(situation: Situation, num_labels: int, teacher: int) -> int | None:
    """The run that made a teacher of so many labels, the latest; None where there is none."""
    cell = Cell(num_labels, TEACHER, teacher, opinions=situation.pool.num_opinions(num_labels))
    ours = (one for one in situation.teachers if one.is_studys or teacher == OWN_CHECKPOINT)
    return next((one.run_id for one in ours if situation.cell_of_teacher(one) == cell), None)


def prefers_hybrid(situation: Situation) -> bool:
    """Whether the best student that a teacher taught was a hybrid; no curve tells both ways apart."""
    taught = [point for point in situation.points if point.path == Path.DISTIL]
    best = max(taught, key=lambda point: point.utility, default=None)
    return best is not None and best.run_id in situation.hybrids


def _add(
    offers: Offers, situation: Situation, history: PriceHistory, size: LabelSize, request: RunRequest, inputs: Inputs
) -> None:
    """Price one request and put it among the offers, or note why it is none."""
    cell = _cell_of(request, situation, size)
    if cell in situation.measured:
        return
    if cell in situation.under_way:
        offers.note("Runs are in progress; a student that one of them makes is not on offer again.")
        return
    try:
        chain = chain_of(request=request, inputs=inputs)
    except Refusal as refusal:
        offers.note(str(refusal))
        return
    num_there = situation.pool.num_labels + (situation.pool.num_by_model if size.by_model else 0)
    refusals = _refusals(chain, is_there=size.num_labels <= num_there)
    if refusals:
        offers.note(f"{_name(request)} is not on offer: {' '.join(refusals)}")
        return
    compute, minutes = compute_of(chain, situation, history, besides=_held(situation, size))
    offer = Offer(
        cell=cell,
        num_new=size.num_new,
        num_waiting=max(size.num_labels - num_there - size.num_new, 0),
        labels=size.expected,
        labels_likely=size.likely,
        compute=compute,
        minutes=minutes or chain.plan.max_minutes,
        num_runs=len(chain.runs),
        teacher_run=chain.plan.teacher_run,
        is_hybrid=chain.plan.is_hybrid,
        selection=size.selection,
        num_asked=size.num_asked,
        layers=chain.plan.student_layers or (),
        of_layers=num_layers(situation.study.student_model) if cell.layers else 0,
        labeller=situation.labeller if size.by_model else None,
        audit=size.audit,
        is_gold_only=chain.plan.gold_only,
        num_to_verify=size.num_to_verify,
        for_verifying=size.for_verifying,
    )
    (offers.found if minutes else offers.too_dear).append(offer)


def _held(situation: Situation, size: LabelSize) -> Sequence[Part]:
    """What labels, and the scores by which they are chosen, take before any run of a student."""
    money = situation.money
    scoring = size.selection.expected if size.selection else ZERO
    people, tokens = money.of_people(size.held), money.of_tokens(size.held_by_model)
    return people, tokens, money.of_runs(scoring, Path.DISTIL)


def _cell_of(request: RunRequest, situation: Situation, size: LabelSize) -> Cell:
    plan, num_labels = request.plan, request.num_labels or 0
    is_own = plan.self_distil or plan.teacher_run in situation.self_taught
    pseudo_labels = TEACHER if plan.teacher_only else float(request.num_to_score)
    pool = situation.pool
    verified = pool.num_verified if size.by_model else 0
    chosen = pool.num_by_scores if size.by_model else pool.num_chosen(num_labels)
    chosen += size.num_new if size.selection else 0
    layers = len(plan.student_layers or ())
    opinions = pool.num_opinions(num_labels) + size.num_asked
    teacher = OWN_CHECKPOINT if is_own else STUDYS_TEACHER
    later = pool.num_later_of(size.by_model + size.num_to_verify, to_verify=size.num_to_verify) if size.by_model else 0
    verified += size.num_to_verify
    return Cell(num_labels, pseudo_labels, teacher, chosen, layers, opinions, size.by_model, verified, later)


def _refusals(chain: Chain, *, is_there: bool) -> Sequence[str]:
    """Why the runs of a request cannot work; of one whose labels are yet to come, only what these do not cure."""
    refused = [result for result in preflight(chain) if result.level == CheckLevel.REFUSED]
    return [result.text for result in refused if is_there or result.topic in LASTING]


def _name(request: RunRequest) -> str:
    plan = request.plan
    kept = counted(len(plan.student_layers), "layer") if plan.student_layers else ""
    if request.path == Path.DISTIL:
        student = f" to a student of {kept}" if kept else ""
        return f"Distilling{' from its own checkpoint' if plan.self_distil else ''}{student}"
    return f"A student of {f'{kept} from ' if kept else ''}{request.num_labels or 0:,} labels"
