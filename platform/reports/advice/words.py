"""How offers and what would change a recommendation are said."""

from decimal import Decimal

from planning.surfaces import TEACHER, Cell
from reports.advice.offers import Offer
from reports.formatting import money

NOTHING = "nothing"


def name_purchase(offer: Offer) -> str:
    """What is bought: “20 more labels and a student of 120 labels and 500 pseudo-labels”."""
    student = name_student(offer.cell, is_hybrid=offer.is_hybrid)
    if offer.num_new:
        return f"{offer.num_new:,} more labels and {student}"
    return f"{student}, {offer.num_waiting:,} of them on their way" if offer.num_waiting else student


def name_student(cell: Cell, *, is_hybrid: bool = False) -> str:
    """A student, or a teacher, by what it is made of."""
    if cell.pseudo_labels == TEACHER:
        return f"the teacher of {cell.labels:,} labels"
    made_of = f"{cell.labels:,} labels" if cell.labels else "no labels"
    if cell.pseudo_labels:
        made_of += f" and {cell.pseudo_labels:,.0f} pseudo-labels"
    return f"a {'hybrid' if is_hybrid else 'student'} of {made_of}"


def name_flip(*, what: str, price: Decimal, factor: float, currency: str, offer: Offer | None) -> str:
    """At which price another arm is bought, and how that compares to the price now."""
    before, then = (money(amount, currency=currency) for amount in (price, price * Decimal(f"{factor:.4f}")))
    bought = name_purchase(offer) if offer else NOTHING
    return f"{what} at {then} instead of {before} ({factor:.2g} times): {bought} would be bought."


def too_dear(*, offer: Offer, available: Decimal, currency: str) -> str:
    """What to say where the money left holds nothing on offer."""
    price, left = (money(amount, currency=currency) for amount in (offer.price, available))
    return (
        f"Nothing can be bought: the cheapest purchase, {name_purchase(offer)}, is expected to cost {price} and holds "
        f"more until it ends; {left} is left."
    )
