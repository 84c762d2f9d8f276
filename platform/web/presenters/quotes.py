"""What a label is paid by at today's prices."""

from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.prices import PriceMissing, Scope, price_at
from studies.models import PayBasis, Study


def label_price(study: Study) -> Price | None:
    """What an answer is paid by where its annotator has no price of their own; None where no price is set yet."""
    kind = CostKind.LABELLING_HOUR if study.pay_basis == PayBasis.PER_HOUR else CostKind.LABEL
    try:
        return price_at(book=study.budget.price_book, kind=kind, at=timezone.now(), scope=Scope(budget=study.budget))
    except PriceMissing:
        return None
