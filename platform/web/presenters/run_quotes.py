"""What a request for runs would hold and will probably cost, said before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.ledger import room
from budgets.models import Budget, Kind, Path, Price
from budgets.prices import PriceMissing
from planning.estimates import Estimate
from runs.money import SECONDS_PER_MINUTE, minutes_that_fit
from runs.preflight import Finding, Level, preflight
from runs.requests import ChainEstimate, RunPlan, device_price, estimate_runs
from studies.models import Study


@dataclass(frozen=True, kw_only=True)
class RunQuote:
    """The most that a run or a chain holds, what the budget could take, and what it will probably cost."""

    budget: Budget
    price: Price
    estimate: ChainEstimate
    left: Decimal
    findings: Sequence[Finding]

    @property
    def amount(self) -> Decimal:
        return self.estimate.limit

    @property
    def needs_confirmation(self) -> bool:
        """Whether somebody must say first that the teacher's licence allows it."""
        return any(found.topic == "Licence" and found.level == Level.WARNING for found in self.findings)

    @property
    def is_refused(self) -> bool:
        """Whether starting would be refused as it is asked for now."""
        return self.budget.is_stopped or any(found.level == Level.REFUSED for found in self.findings)

    @property
    def num_runs(self) -> int:
        return len(self.estimate.runs)

    @property
    def minutes(self) -> int:
        """Of all runs together."""
        return sum(one.limit_seconds for one in self.estimate.runs) // SECONDS_PER_MINUTE

    @property
    def expected(self) -> Estimate | None:
        return self.estimate.whole

    @property
    def fits(self) -> bool:
        return self.amount <= self.left

    @property
    def missing(self) -> Decimal:
        return self.amount - self.left

    @property
    def minutes_that_fit(self) -> int | None:
        """For each run; None where they are free."""
        return minutes_that_fit(money=self.left, price=self.price, num_runs=self.num_runs)


def quote_runs(
    *, study: Study, path: Path, plan: RunPlan, num_labels: int | None = None, num_unlabelled: int = 0
) -> RunQuote | None:
    """Quote a request for runs; None where no price is set yet. An equal run that is there is shared and costs less.

    Raises: TeacherUnusable; ValueError (num_labels, num_unlabelled).
    """
    try:
        price = device_price(study)
        estimate = estimate_runs(
            study=study, path=path, num_labels=num_labels, num_unlabelled=num_unlabelled, plan=plan
        )
    except PriceMissing:
        return None
    left = room(budget=study.budget, path=path, kind=Kind.DEVICE_HOUR)
    found = preflight(study=study, path=path, num_labels=num_labels, num_unlabelled=num_unlabelled, plan=plan)
    return RunQuote(budget=study.budget, price=price, estimate=estimate, left=left, findings=found)
