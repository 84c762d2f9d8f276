"""What can be bought next, priced as the publish page and the start page quote it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from budgets.models import Path
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.publishing import MOST_AT_ONCE, LabelQuote, quote_labels, quote_opinions
from planning.likely import NOTHING, Likely, apart, at_once
from planning.policy import FEWEST, larger_sizes, opinion_sizes, pseudo_sizes, smaller_sizes
from planning.posterior import LEAST_PAIRS
from planning.surfaces import TEACHER, Cell
from reports.advice.compute import Compute, Scoring, compute_of, price_scoring
from reports.advice.history import PriceHistory, price_history
from reports.advice.situation import OWN_CHECKPOINT, STUDYS_TEACHER, Pool, Situation, teachers_of
from reports.formatting import money
from reports.model_labels import NUM_AUDITED, Labeller, LabelPrice, name_accuracy, price_audit, price_labels
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
    which a model chooses the further labels; None where they are random ones. `num_asked` of the labels that are there
    get a second opinion. `layers` are those that its student keeps
    of `of_layers`, none where it has all; the latter is 0 where no config says it. `labeller` gives the further labels
    where a language model does, and `audit` is what an audit of its labels costs, in words; `is_gold_only`: what such a
    model labelled in the pool is left out.
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
    num_asked: int = 0
    layers: tuple[int, ...] = ()
    of_layers: int = 0
    labeller: Labeller | None = None
    audit: str = ""
    is_gold_only: bool = False

    @property
    def is_unaudited(self) -> bool:
        """Whether it rests on labels of a language model that nobody has looked at."""
        return self.labeller is not None and not self.labeller.is_audited

    @property
    def is_of_random_labels(self) -> bool:
        """Whether people give its further labels, of random examples, and are asked about none again."""
        return self.selection is None and not self.num_asked and not self.cell.by_model

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
        """Whether all of its labels are there, as they are to be."""
        return not (self.num_new or self.num_waiting or self.num_asked)


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

    `selection`: the scores by which a model chooses these; None where they are random ones. `num_asked` of those there
    get a second opinion. A language model gives `by_model` of all, and the further ones, where it gives any; `audit` is
    what an audit of them costs, in words.
    """

    num_labels: int
    num_new: int = 0
    by_model: int = 0
    audit: str = ""
    expected: Decimal = ZERO
    held: Decimal = ZERO
    likely: Likely = NOTHING
    selection: Scoring | None = None
    num_asked: int = 0

    @property
    def num_by_people(self) -> int:
        """Labels of people or of a file: there, on their way, or further ones."""
        return self.num_labels - self.by_model


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
    for size in model_sizes(situation, offers):
        alike = RunRequest(study=situation.study, path=Path.ANNOTATE, plan=RunPlan(), num_labels=size.num_labels)
        _add(offers, situation, history, size, alike, count_inputs(alike))
    return offers


def price_of_labels_alone(situation: Situation, num_labels: int) -> Decimal:
    """What a student of so many labels of the pool is expected to cost from here, whatever money is left.

    Raises: PriceMissing where labels beyond those there, or on their way, have no price.
    """
    request = RunRequest(study=situation.study, path=Path.ANNOTATE, plan=_alone(situation), num_labels=num_labels)
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


def asked_sizes(situation: Situation, offers: Offers) -> list[LabelSize]:
    """The labels that are there, some of them with second opinions; none where nothing can be said of them, and why."""
    opinions, study = situation.opinions, situation.study
    if not opinions.num_askable or situation.terms is None:
        if opinions.lacks:
            offers.note(f"No second opinions are on offer. {opinions.lacks}")
        return []
    if opinions.errors is None:
        offers.note(_would_tell(situation))
        return []
    most = quote_opinions(study=study, num_examples=min(opinions.num_askable, MOST_AT_ONCE)).num_fitting
    if not most:
        offers.note("The money left does not hold one second opinion.")
    sizes = []
    for num_asked in opinion_sizes(most):
        quote = quote_opinions(study=study, num_examples=num_asked)
        size = replace(_size_of(situation.pool.num_labels, quote), num_new=0, num_asked=quote.num_examples)
        sizes.append(size)
    return sizes


def _would_tell(situation: Situation) -> str:
    """How many second opinions would tell what they are worth, and for how much."""
    opinions, study = situation.opinions, situation.study
    lacking = LEAST_PAIRS - opinions.pairs.num_pairs
    quote = quote_opinions(study=study, num_examples=lacking)
    price = money(quote.estimate.expected, currency=study.budget.currency)
    there = f"{counted(opinions.pairs.num_pairs, 'example')}" if opinions.pairs.num_pairs else "no example"
    have = "has" if opinions.pairs.num_pairs < 2 else "have"
    words = f"Cannot tell what second opinions are worth: {there} {have} two annotations."
    if quote.num_examples < lacking:
        return f"{words} {LEAST_PAIRS} are needed, and only {counted(quote.num_examples, 'label')} can get one."
    return f"{words} {counted(lacking, 'second opinion')} would tell, for {price}."


def model_sizes(situation: Situation, offers: Offers) -> list[LabelSize]:
    """All labels there, those that a language model gave included, and further ones of it; or why it gives none.

    Labels that wait for people are in none of them.
    """
    pool, labeller = situation.pool, situation.labeller
    num_there = pool.num_labels + pool.num_by_model
    there = [LabelSize(num_labels=num_there, by_model=pool.num_by_model)] if pool.num_by_model else []
    if labeller is None:
        return there
    if labeller.is_labelling:
        offers.note(f"A labelling job of {labeller.name} is not over; further labels by it are on offer after that.")
        return there
    most = larger_sizes(num_there=num_there, most=num_there + pool.num_new)[-1:]
    price = price_labels(study=situation.study, labeller=labeller, most=max([*most, NUM_AUDITED]))
    audit = _price_of_audit(situation, labeller, price)
    offers.note(price.fault or name_accuracy(labeller, audit=audit))
    further = larger_sizes(num_there=num_there, most=num_there + price.num_free)
    found = [*there, *(_size_by_model(pool, num_labels - num_there, price) for num_labels in further)]
    return [replace(size, audit=audit) for size in found]


def _price_of_audit(situation: Situation, labeller: Labeller, by_model: LabelPrice) -> str:
    """In words; empty where people's labels have no price, or there is nothing to audit."""
    if situation.terms is None:
        return ""
    by_people = situation.terms.total * situation.study.annotations_per_example
    price = price_audit(labeller=labeller, by_model=by_model, by_people=by_people)
    return "" if price is None else money(price, currency=situation.study.budget.currency)


def _size_by_model(pool: Pool, num_new: int, price: LabelPrice) -> LabelSize:
    return LabelSize(
        num_labels=pool.num_labels + pool.num_by_model + num_new,
        num_new=num_new,
        by_model=pool.num_by_model + num_new,
        expected=num_new * price.expected,
        held=num_new * price.most,
        likely=price.likely(num_new),
    )


def _alone(situation: Situation, **settings: Any) -> RunPlan:
    """A plan for a student of people's labels alone."""
    return RunPlan(gold_only=situation.pool.num_by_model > 0, **settings)


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
    yield RunRequest(study=study, path=Path.ANNOTATE, plan=_alone(situation), num_labels=num_labels)
    if not num_labels:
        # A teacher without labels is on no curve: nothing could be forecast of its students.
        return
    teacher_run = None if size.num_asked else _teacher_there(situation, num_labels, STUDYS_TEACHER)
    # One teacher, as offers are priced by: with more, a student costs more and its score is as likely.
    plan = RunPlan(
        teacher_run=teacher_run,
        teacher_seeds=ONE_FOR_ALL,
        gold_epochs=HYBRID_EPOCHS if prefers_hybrid(situation) else 0,
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
    held = size.held + (size.selection.expected if size.selection else ZERO)
    compute, minutes = compute_of(chain, situation, history, held=held)
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
    )
    (offers.found if minutes else offers.too_dear).append(offer)


def _cell_of(request: RunRequest, situation: Situation, size: LabelSize) -> Cell:
    plan, num_labels = request.plan, request.num_labels or 0
    is_own = plan.self_distil or plan.teacher_run in situation.self_taught
    pseudo_labels = TEACHER if plan.teacher_only else float(request.num_to_score)
    chosen = situation.pool.num_chosen(size.num_by_people) + (size.num_new if size.selection else 0)
    layers = len(plan.student_layers or ())
    opinions = situation.pool.num_opinions(num_labels) + size.num_asked
    teacher = OWN_CHECKPOINT if is_own else STUDYS_TEACHER
    return Cell(num_labels, pseudo_labels, teacher, chosen, layers, opinions, size.by_model)


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
