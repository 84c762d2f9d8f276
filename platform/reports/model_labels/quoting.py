"""What people's answers to examples that a language model labelled will reserve."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from budgets.prices import PriceMissing
from labeling.payment import terms_of
from studies.models import Study


@dataclass(frozen=True, kw_only=True)
class PeopleQuote:
    """So many of the examples that are left, at most `each` for one; None where a label has no price yet."""

    num_examples: int
    num_left: int
    each: Decimal | None
    available: Decimal

    @property
    def held(self) -> Decimal | None:
        return None if self.each is None else self.each * self.num_examples


def quote_people(*, study: Study, num_examples: int, num_left: int) -> PeopleQuote:
    """Quote people's answers to some of `num_left` examples, to all of these where fewer are left."""
    try:
        each = terms_of(study=study, at=timezone.now()).total * study.annotations_per_example
    except PriceMissing:
        each = None
    num = min(num_examples, num_left)
    return PeopleQuote(num_examples=num, num_left=num_left, each=each, available=study.budget.available)
