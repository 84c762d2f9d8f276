"""The labels that a student may be made of: those there, further ones, of people or a model, and second opinions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from budgets.money import ZERO
from labeling.publishing import MOST_AT_ONCE, LabelQuote, quote_labels, quote_opinions
from planning.likely import NOTHING, Likely
from planning.policy import FEWEST, larger_sizes, opinion_sizes, smaller_sizes
from planning.posterior import LEAST_PAIRS
from reports.advice.compute import Scoring, price_scoring
from reports.advice.history import PriceHistory
from reports.advice.offers.offer import Offers
from reports.advice.situation import Pool, Situation
from reports.formatting import money
from reports.model_labels import NUM_AUDITED, Labeller, LabelPrice, name_accuracy, price_audit, price_labels
from reports.selection import LEAST_RATIO
from tables.table import counted


@dataclass(frozen=True, kw_only=True)
class LabelSize:
    """A number of labels of the pool, and what those beyond the ones there, or on their way, cost.

    `selection`: the scores by which a model chooses these; None where they are random ones. `num_asked` of those there
    get a second opinion. A language model gives `by_model` of all, and the further ones, where it gives any; `audit` is
    what an audit of them costs, in words. `num_to_verify` more are its labels that people are to verify, the least sure
    first: the part `for_verifying` of what is expected. `held` is the worst case of what people do, `held_by_model` of
    what the language model gives.
    """

    num_labels: int
    num_new: int = 0
    by_model: int = 0
    audit: str = ""
    expected: Decimal = ZERO
    held: Decimal = ZERO
    held_by_model: Decimal = ZERO
    likely: Likely = NOTHING
    selection: Scoring | None = None
    num_asked: int = 0
    num_to_verify: int = 0
    for_verifying: Decimal = ZERO

    @property
    def num_by_people(self) -> int:
        """Labels of people or of a file: there, on their way, or further ones."""
        return self.num_labels - self.by_model


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
        held_by_model=num_new * price.most,
        likely=price.likely(num_new),
    )


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
