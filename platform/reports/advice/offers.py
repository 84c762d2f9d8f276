"""What can be bought next, priced as the publish page and the start page quote it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from budgets.models import Path
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.publishing import LabelQuote, quote_labels
from planning.likely import NOTHING, Likely, apart, at_once
from planning.policy import FEWEST, larger_sizes, pseudo_sizes, smaller_sizes
from planning.surfaces import TEACHER, Cell
from reports.advice.compute import Compute, Scoring, compute_of, price_scoring
from reports.advice.history import PriceHistory, price_history
from reports.advice.situation import OWN_CHECKPOINT, STUDYS_TEACHER, Situation, teachers_of
from reports.selection import LEAST_RATIO
from runs.checkpoints import num_layers
from runs.preflight import CheckLevel, preflight
from runs.requests import HYBRID_EPOCHS, ONE_FOR_ALL, Chain, Inputs, RunPlan, RunRequest, chain_of, count_inputs
from tables.table import counted

# Refusals that more labels do not cure.
LASTING = frozenset({"Model", "Layers", "Pooling", "Segmentation", "Length", "Vocabulary", "Memory", "Licence"})


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A cell and its price: what `num_new` further labels and its runs are expected to cost.

    `num_waiting` of its labels are published already and not answered yet: their money is held. `minutes` is the time
    limit of each of the `num_runs` runs, `teacher_run` the teacher that is there already. `selection`: the scores by
    which a model chooses the further labels; None where they are random ones. `layers` are those that its student keeps
    of `of_layers`, none where it has all; the latter is 0 where no config says it.
    """

    cell: Cell
    num_new: int
    num_waiting: int
    labels: Decimal
    labels_likely: Likely
    compute: Compute
    minutes: int
    num_runs: int = 1
    teacher_run: int | None = None
    is_hybrid: bool = False
    selection: Scoring | None = None
    layers: tuple[int, ...] = ()
    of_layers: int = 0

    @property
    def compute_expected(self) -> Decimal:
        """Of its runs, and of scoring by which its labels are chosen."""
        return self.compute.expected + (self.selection.expected if self.selection else ZERO)

    @property
    def price(self) -> Decimal:
        return self.labels + self.compute_expected

    @property
    def likely(self) -> Likely:
        """The interval of its price; what it holds until it ends is the worst case."""
        compute = [self.compute.likely, *([self.selection.likely] if self.selection else [])]
        return apart(self.labels_likely, at_once(compute))

    @property
    def path(self) -> Path:
        return Path.DISTIL if self.cell.pseudo_labels else Path.ANNOTATE

    @property
    def is_startable(self) -> bool:
        """Whether all of its labels are there."""
        return not self.num_new and not self.num_waiting


@dataclass(kw_only=True)
class Offers:
    """Those that the money left can be held for, the cheapest that it cannot, and why others are not on offer."""

    found: list[Offer] = field(default_factory=list)
    too_dear: list[Offer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, kw_only=True)
class LabelSize:
    """A number of labels of the pool, and what those beyond the ones there, or on their way, cost.

    `selection`: the scores by which a model chooses these; None where they are random ones.
    """

    num_labels: int
    num_new: int = 0
    expected: Decimal = ZERO
    held: Decimal = ZERO
    likely: Likely = NOTHING
    selection: Scoring | None = None


def offers_of(situation: Situation) -> Offers:
    """Price what can be bought next."""
    offers = Offers()
    if situation.device is None:
        offers.note("No price of a device hour is set, so no student can be priced.")
        return offers
    there = count_inputs(RunRequest(study=situation.study, path=Path.ANNOTATE, plan=RunPlan()))
    history = price_history()
    sizes = label_sizes(situation, offers)
    for size in [*sizes, *chosen_sizes(situation, history, sizes, offers)]:
        for request in _requests(situation, size):
            inputs = replace(there, num_labels=size.num_labels, num_unlabelled=request.num_to_score)
            _add(offers, situation, history, size, request, inputs)
    return offers


def price_of_labels_alone(situation: Situation, num_labels: int) -> Decimal:
    """What a student of so many labels of the pool is expected to cost from here, whatever money is left.

    Raises: PriceMissing where labels beyond those there, or on their way, have no price.
    """
    request = RunRequest(study=situation.study, path=Path.ANNOTATE, plan=RunPlan(), num_labels=num_labels)
    inputs = replace(count_inputs(request), num_labels=num_labels)
    compute, _ = compute_of(chain_of(request=request, inputs=inputs), situation, price_history(), held=ZERO)
    num_new = num_labels - situation.pool.num_there
    if num_new <= 0:
        return compute.expected
    return compute.expected + quote_labels(study=situation.study, num_examples=num_new).estimate.expected


def label_sizes(situation: Situation, offers: Offers) -> list[LabelSize]:
    """Labels there, some fewer, none, and further ones as far as the pool and the money go."""
    pool = situation.pool
    num_there = pool.num_there
    there = {0, *smaller_sizes(pool.num_labels), pool.num_labels, num_there}
    sizes = [LabelSize(num_labels=num_labels) for num_labels in sorted(there)]
    if situation.terms is None:
        offers.note("No price of a label is set, so no further labels can be priced.")
        return sizes
    if not pool.num_new:
        offers.note("Every example of the pool is labelled or published: import more for further labels.")
        return sizes
    most = quote_labels(study=situation.study, num_examples=pool.num_new).num_fitting
    if not most:
        offers.note("The money left does not pay for one further label.")
    for num_labels in larger_sizes(num_there=num_there, most=num_there + most):
        quote = quote_labels(study=situation.study, num_examples=num_labels - num_there)
        sizes.append(_size_of(num_labels, quote))
    return sizes


def chosen_sizes(
    situation: Situation, history: PriceHistory, sizes: Sequence[LabelSize], offers: Offers
) -> list[LabelSize]:
    """The further labels once more, as a model would choose them; none where it cannot, and why."""
    further = [size for size in sizes if size.num_new]
    if not further:
        return []
    scoring = price_scoring(situation, history)
    if isinstance(scoring, str):
        offers.note(scoring)
        return []
    found = [size for size in further if situation.selection.takes(size.num_new)] or _fewer(situation, further)
    if not found:
        offers.note("Too few examples are left for a model to choose labels among.")
    return [replace(size, selection=scoring) for size in found]


def _fewer(situation: Situation, further: Sequence[LabelSize]) -> list[LabelSize]:
    """As many as a model can choose among enough others, where round numbers are too many."""
    num_new = min(situation.selection.num_selectable // LEAST_RATIO, further[-1].num_new)
    if num_new < FEWEST:
        return []
    quote = quote_labels(study=situation.study, num_examples=num_new)
    return [_size_of(situation.pool.num_there + num_new, quote)]


def _size_of(num_labels: int, quote: LabelQuote) -> LabelSize:
    return LabelSize(
        num_labels=num_labels,
        num_new=quote.num_examples,
        expected=quote.estimate.expected,
        held=quote.held,
        likely=quote.likely,
    )


def _requests(situation: Situation, size: LabelSize) -> Iterator[RunRequest]:
    """The students that can be made of these labels, with the teacher that each is to learn from."""
    study, num_labels = situation.study, size.num_labels
    yield RunRequest(study=study, path=Path.ANNOTATE, plan=RunPlan(), num_labels=num_labels)
    if not num_labels:
        # A teacher without labels is on no curve: nothing could be forecast of its students.
        return
    teacher_run = _teacher_there(situation, num_labels, STUDYS_TEACHER)
    # One teacher, as offers are priced by: with more, a student costs more and its score is as likely.
    plan = RunPlan(
        teacher_run=teacher_run,
        teacher_seeds=ONE_FOR_ALL,
        gold_epochs=HYBRID_EPOCHS if prefers_hybrid(situation) else 0,
    )
    if teacher_run is None and size.selection is None:
        look = RunPlan(teacher_only=True)
        yield RunRequest(study=study, path=Path.DISTIL, plan=look, num_labels=num_labels)
    plans = [plan, *_plans_of_own_checkpoint(situation, size, plan)]
    sizes = pseudo_sizes(situation.pool.num_examples - num_labels)
    yield from _smaller_students(situation, size, plan, sizes[-1:])
    # What a model chose is compared with random labels at the largest size alone.
    for num_unlabelled in sizes[-1:] if size.selection else sizes:
        for one in plans:
            yield RunRequest(
                study=study, path=Path.DISTIL, plan=one, num_labels=num_labels, num_unlabelled=num_unlabelled
            )


def _smaller_students(
    situation: Situation, size: LabelSize, plan: RunPlan, pseudo_labels: Sequence[int]
) -> Iterator[RunRequest]:
    """One of fewer layers on each path, with all labels there: enough to tell what it loses."""
    study, layers = situation.study, situation.smaller
    if not layers or size.num_labels != situation.pool.num_labels or size.selection:
        return
    alone, taught = RunPlan(student_layers=layers), replace(plan, student_layers=layers)
    yield RunRequest(study=study, path=Path.ANNOTATE, plan=alone, num_labels=size.num_labels)
    for number in pseudo_labels:
        yield RunRequest(study=study, path=Path.DISTIL, plan=taught, num_labels=size.num_labels, num_unlabelled=number)


def _plans_of_own_checkpoint(situation: Situation, size: LabelSize, plan: RunPlan) -> list[RunPlan]:
    """As the study's teacher teaches, by the student's own checkpoint: where that is another, with all labels there."""
    if size.num_labels != situation.pool.num_labels or len(teachers_of(situation.study)) == 1:
        return []
    teacher_run = _teacher_there(situation, size.num_labels, OWN_CHECKPOINT)
    return [replace(plan, teacher_run=teacher_run, self_distil=teacher_run is None)]


def _teacher_there(situation: Situation, num_labels: int, teacher: int) -> int | None:
    """The run that made a teacher of so many labels, the latest; None where there is none."""
    cell = Cell(num_labels, TEACHER, teacher)
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
    refusals = _refusals(chain, is_there=size.num_labels <= situation.pool.num_labels)
    if refusals:
        offers.note(f"{_name(request)} is not on offer: {' '.join(refusals)}")
        return
    held = size.held + (size.selection.expected if size.selection else ZERO)
    compute, minutes = compute_of(chain, situation, history, held=held)
    offer = Offer(
        cell=cell,
        num_new=size.num_new,
        num_waiting=max(size.num_labels - situation.pool.num_labels - size.num_new, 0),
        labels=size.expected,
        labels_likely=size.likely,
        compute=compute,
        minutes=minutes or chain.plan.max_minutes,
        num_runs=len(chain.runs),
        teacher_run=chain.plan.teacher_run,
        is_hybrid=chain.plan.is_hybrid,
        selection=size.selection,
        layers=chain.plan.student_layers or (),
        of_layers=num_layers(situation.study.student_model) if cell.layers else 0,
    )
    (offers.found if minutes else offers.too_dear).append(offer)


def _cell_of(request: RunRequest, situation: Situation, size: LabelSize) -> Cell:
    plan, num_labels = request.plan, request.num_labels or 0
    is_own = plan.self_distil or plan.teacher_run in situation.self_taught
    pseudo_labels = TEACHER if plan.teacher_only else float(request.num_to_score)
    chosen = situation.pool.num_chosen(num_labels) + (size.num_new if size.selection else 0)
    layers = len(plan.student_layers or ())
    return Cell(num_labels, pseudo_labels, OWN_CHECKPOINT if is_own else STUDYS_TEACHER, chosen, layers)


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
