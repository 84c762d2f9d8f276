"""How offers and what would change a recommendation are said."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import exp

import numpy as np

from planning.policy import LabelsNeeded
from planning.posterior import ChoiceFactor, LabelErrors
from planning.surfaces import TEACHER, Cell
from reports.advice.offers import Offer
from reports.advice.situation import OWN_CHECKPOINT
from reports.formatting import money
from reports.model_labels import audit_would_tell
from tables.table import counted

NOTHING = "nothing"
WIDEST_RATIO = 10
"""Of the most to the fewest labels that may be needed: where it is larger, no number is said."""
SDS_IN_80 = 1.2816
"""Of a normal belief, in half of the interval that holds 80 %."""
IN_PROGRESS = "Cannot tell yet: what the runs in progress measure comes first."


def name_purchase(offer: Offer) -> str:
    """What is bought: “20 more labels and a student of 120 labels and 500 pseudo-labels”."""
    student = name_student(offer.cell, is_hybrid=offer.is_hybrid, of_layers=offer.of_layers)
    if offer.labeller and (offer.num_new or offer.num_to_verify):
        return f"{_labels_by_model(offer, offer.labeller.name)} and {student}"
    if offer.num_new:
        chosen = ", chosen by uncertainty," if offer.selection else ""
        return f"{offer.num_new:,} more labels{chosen} and {student}"
    if offer.num_asked:
        return f"second opinions on {offer.num_asked:,} of the {offer.cell.labels:,} labels and {student}"
    return f"{student}, {offer.num_waiting:,} of them on their way" if offer.num_waiting else student


def _labels_by_model(offer: Offer, name: str) -> str:
    if not offer.num_to_verify:
        return f"{offer.num_new:,} more labels by {name}"
    if not offer.num_new:
        return f"people verifying the {counted(offer.num_to_verify, 'label')} that {name} is least sure of"
    return f"{offer.num_new:,} more labels by {name}, the {offer.num_to_verify:,} least sure of all verified by people,"


def name_factor(factor: ChoiceFactor) -> str:
    """What a label that a model chooses is taken to be worth, and by whose figures."""
    low, middle, high = (exp(factor.mean + far * factor.sd) for far in (-SDS_IN_80, 0.0, SDS_IN_80))
    told = "published comparisons, most of which say 1.0 to 1.5: no other study here has measured it"
    here = "one study here" if factor.num_studies == 1 else f"{factor.num_studies:,} studies here"
    return (
        f"A label chosen by uncertainty is taken to be worth {middle:.1f} random ones (80 %: {low:.1f} to {high:.1f}) "
        f"by {here if factor.num_studies else told}. Students of this study that have such labels correct it."
    )


def name_errors(errors: LabelErrors, *, num_labels: int) -> str:
    """How many labels are taken to be wrong, by which annotations, and what second opinions on all would make of it."""
    wrong, low, high, after = (f"{100 * one:.0f} %" for one in (errors.mean, *errors.band_80, errors.mean_after))
    times = float(errors.worth(errors.nodes, np.ones(1)).mean())
    pairs = errors.pairs
    return (
        f"Labels of one annotation are taken to be wrong in about {wrong} (80 %: {low} to {high}): of "
        f"{counted(pairs.num_pairs, 'example')} with two annotations {pairs.num_equal:,} agree. With second opinions, "
        f"and a third where two differ, about {after} are wrong, so that {counted(num_labels, 'label')} count as "
        f"{times * num_labels:,.0f}. This takes people to err independently, and into every label alike."
    )


def audit_first(offer: Offer, *, currency: str) -> str:
    """What to say where labels of a language model look best, and nobody has looked at any."""
    assert offer.labeller is not None
    price = money(offer.price, currency=currency)
    looks = f"{name_purchase(offer)} for {price} would gain most if they are as good as is assumed"
    return f"Cannot tell yet: {looks}. {audit_would_tell(offer.labeller, offer.audit)}"


def name_student(cell: Cell, *, is_hybrid: bool = False, of_layers: int = 0) -> str:
    """A student, or a teacher, by what it is made of; `of_layers` are those of a carved one's checkpoint, if known."""
    if cell.pseudo_labels == TEACHER:
        return f"the teacher of {_labels(cell)}"
    made_of = _labels(cell)
    if cell.by_model:
        made_of += f", {cell.by_model:,} of them by a language model"
        made_of += f" and {cell.verified:,} that people verified" if cell.verified else ""
    if cell.pseudo_labels:
        own = " of its own checkpoint" if cell.teacher == OWN_CHECKPOINT else ""
        made_of += f" and {cell.pseudo_labels:,.0f} pseudo-labels{own}"
    kept = f"{f'{cell.layers} of ' if of_layers else ''}{counted(of_layers or cell.layers, 'layer')} from "
    return f"a {'hybrid' if is_hybrid else 'student'} of {kept if cell.layers else ''}{made_of}"


def _labels(cell: Cell) -> str:
    return f"{cell.labels:,} labels" if cell.labels else "no labels"


def name_flip(*, what: str, price: Decimal, factor: float, currency: str, offer: Offer | None) -> str:
    """At which price another arm is bought, and how that compares to the price now."""
    before, then = (money(amount, currency=currency) for amount in (price, price * Decimal(f"{factor:.4f}")))
    bought = name_purchase(offer) if offer else NOTHING
    return f"{what} at {then} instead of {before} ({factor:.2g} times): {bought} would be bought."


def pilot_first(*, num_parts: int, price: Decimal, currency: str) -> str:
    """What to say where nothing can be forecast before a pilot."""
    parts = counted(num_parts, "measurement")
    cost = money(price, currency=currency)
    return f"Cannot tell yet: nothing is measured. {cost} for a pilot of {parts} comes first."


def rest_of_pilot(*, num_parts: int, price: Decimal, currency: str) -> str:
    """How much of a pilot is left, and for how much."""
    return f"The rest of the pilot is {counted(num_parts, 'measurement')} for {money(price, currency=currency)}."


def no_choice(*, offer: Offer | None, notes: Sequence[str], currency: str) -> str:
    """What to say where all that is on offer are students of the labels there."""
    said = ["No measurement can change what to buy: only students of the labels there are on offer."]
    if offer:
        said.append(f"{money(offer.price, currency=currency)} for {name_purchase(offer)} tells what they are worth.")
    return " ".join([*said, *notes])


def too_dear(*, offer: Offer, available: Decimal, currency: str) -> str:
    """What to say where the money left holds nothing on offer."""
    price, left = (money(amount, currency=currency) for amount in (offer.price, available))
    return (
        f"Nothing can be bought: the cheapest purchase, {name_purchase(offer)}, is expected to cost {price} and holds "
        f"more until it ends; {left} is left."
    )


def name_labels_alone(needed: LabelsNeeded, *, num_there: int, price: Callable[[int], str]) -> str:
    """How many labels alone would do for what is recommended, in two digits, and how sure that is.

    Parameters: `num_there` labels are there; `price` writes what a student of so many labels costs from here.
    """
    if needed.low is None:
        return f"More than {_most(needed)}."
    low = _rounded(needed.low, needed.most)
    if needed.middle is None or needed.high is None:
        probably = "Probably more than" if needed.middle is None else "It cannot be told whether it is more than"
        return f"At least {counted(low, 'label')}, {price(low)} from here. {probably} {_most(needed)}."
    middle, high = (_rounded(size, needed.most) for size in (needed.middle, needed.high))
    if high <= num_there:
        return f"No more than the {counted(num_there, 'label')} there."
    between = f"with 80 % between {low:,} ({price(low)}) and {high:,} ({price(high)})"
    if high > WIDEST_RATIO * low:
        return f"Cannot tell: {between}."
    return f"About {counted(middle, 'label')}, {price(middle)} from here; {between}."


def _most(needed: LabelsNeeded) -> str:
    """The end of what can be said of labels."""
    if needed.is_bounded:
        return f"{needed.most:,} labels, beyond which nothing is forecast"
    return f"the {counted(needed.most, 'label')} that the pool has"


def _rounded(number: int, most: int) -> int:
    """Two digits, as a forecast says no more, and never more than there are."""
    return min(int(float(f"{number:.2g}")), most)
