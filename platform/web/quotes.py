"""What a purchase would cost at today's prices, said before it is made."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from budgets.models import Budget, Kind, Path, Price
from budgets.operations import PriceMissing, Scope, price_at
from studies.models import PayBasis, Study

# A distil chain fine-tunes a teacher, scores with it, and trains the student: each run holds its own worst case.
NUM_RUNS = {Path.ANNOTATE: 1, Path.DISTIL: 3}


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The most that a purchase can cost, and what the budget could take."""

    budget: Budget
    price: Price
    quantity: Decimal

    @property
    def amount(self) -> Decimal:
        return self.price.cost(self.quantity)

    @property
    def fits(self) -> bool:
        return self.amount <= self.budget.available

    @property
    def num_affordable(self) -> int | None:
        """How many units the budget could take; None where they are free."""
        return int(self.budget.available / self.price.rate) if self.price.rate else None


def label_price(study: Study) -> Price | None:
    """What an answer is paid by where its annotator has no price of their own; None where no price is set yet."""
    is_hourly = study.pay_basis == PayBasis.PER_HOUR
    return _price(study, Kind.LABELLING_HOUR if is_hourly else Kind.LABEL)


def quote_runs(*, study: Study, path: Path, max_minutes: int) -> Quote | None:
    """Price the device time that a run, or a chain of runs, may take at most; None where no price is set yet."""
    price = _price(study, Kind.DEVICE_HOUR, device=settings.RUN_DEVICE.partition(":")[0])
    if price is None:
        return None
    return Quote(budget=study.budget, price=price, quantity=Decimal(max_minutes * NUM_RUNS[path]) / 60)


def _price(study: Study, kind: Kind, *, device: str = "") -> Price | None:
    try:
        scope = Scope(device=device, budget=study.budget)
        return price_at(book=study.budget.price_book, kind=kind, at=timezone.now(), scope=scope)
    except PriceMissing:
        return None
