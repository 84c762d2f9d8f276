"""What a request for runs would hold and will probably cost, shown before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.models import Budget, Price
from budgets.prices import PriceMissing
from runs.money import SECONDS_PER_MINUTE, minutes_that_fit
from runs.preflight import CheckLevel, CheckResult, preflight
from runs.requests import ChainEstimate, RunRequest, chain_of, count_inputs, device_price, estimate_runs


@dataclass(frozen=True, kw_only=True)
class RunQuote:
    """The most that a run or a chain holds, what the budget could take, and what it will probably cost."""

    budget: Budget
    price: Price
    estimate: ChainEstimate
    left: Decimal
    checks: Sequence[CheckResult]

    @property
    def amount(self) -> Decimal:
        return self.estimate.limit

    @property
    def needs_confirmation(self) -> bool:
        """Whether the teacher's licence must be confirmed first."""
        return any(check.topic == "Licence" and check.level == CheckLevel.WARNING for check in self.checks)

    @property
    def is_refused(self) -> bool:
        """Whether starting would be refused as it is requested now."""
        return self.budget.is_stopped or any(check.level == CheckLevel.REFUSED for check in self.checks)

    @property
    def num_runs(self) -> int:
        return len(self.estimate.runs)

    @property
    def minutes(self) -> int:
        """Of all runs together."""
        return sum(one.limit_seconds for one in self.estimate.runs) // SECONDS_PER_MINUTE

    @property
    def fits(self) -> bool:
        return self.amount <= self.left

    @property
    def minutes_that_fit(self) -> int | None:
        """For each run; None where they are free."""
        return minutes_that_fit(money=self.left, price=self.price, num_runs=self.num_runs)


def quote_runs(request: RunRequest) -> RunQuote | None:
    """Quote a request for runs; None where no price is set yet. An equal run that exists is shared and costs less.

    Raises: TeacherUnusable.
    """
    study = request.study
    try:
        price = device_price(study)
    except PriceMissing:
        return None
    chain = chain_of(request=request, inputs=count_inputs(request))
    return RunQuote(
        budget=study.budget,
        price=price,
        estimate=estimate_runs(chain=chain, price=price),
        left=headroom(budget=study.budget, path=request.path, kind=CostKind.DEVICE_HOUR),
        checks=preflight(chain),
    )
