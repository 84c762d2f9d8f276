"""An autopilot as pages and the command show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.autopilot.deciding import Decision, Purchase, decide, view_of
from reports.autopilot.spending import Spending, StepCost, costs_of
from reports.formatting import money
from reports.models import Autopilot, AutopilotStep
from studies.models import Study

MOST_STEPS = 100
AMOUNTS = ("price", "held", "money_left", "spent_today", "cap_a_day", "spent_in_all", "cap_in_all")


@dataclass(frozen=True, kw_only=True)
class ShownStep:
    """A purchase and what it has cost by now."""

    step: AutopilotStep
    cost: StepCost

    @property
    def amounts(self) -> dict[str, Decimal]:
        """The amounts among the figures that it saw."""
        return {name: Decimal(self.step.figures[name]) for name in AMOUNTS}


@dataclass(frozen=True, kw_only=True)
class AutopilotStatus:
    """What an autopilot would do next by its settings, whether it is on or not, what it has used, and its steps."""

    autopilot: Autopilot
    decision: Decision
    spending: Spending
    steps: Sequence[ShownStep]

    @property
    def next_words(self) -> str:
        if not isinstance(self.decision, Purchase):
            return self.decision.reason
        currency = self.autopilot.study.budget.currency
        price, holds = (money(amount, currency=currency) for amount in (self.decision.price, self.decision.holds))
        return f"Buy {self.decision.name}: {price} expected, {holds} held until it is done."


def autopilot_of(study: Study) -> Autopilot | None:
    """A study's autopilot; None where it never was on."""
    found = Autopilot.objects.filter(study=study)
    return found.select_related("acts_for", "study__budget__price_book").first()


def status_of(autopilot: Autopilot) -> AutopilotStatus:
    """Read how it stands; nothing is written."""
    view, costs = view_of(autopilot), costs_of(autopilot)
    steps = autopilot.steps.select_related("recommendation", "acted_for").prefetch_related("runs").order_by("-pk")
    return AutopilotStatus(
        autopilot=autopilot,
        decision=decide(view),
        spending=view.spending,
        steps=[ShownStep(step=one, cost=costs[one.pk]) for one in steps[:MOST_STEPS]],
    )


def status_text(found: AutopilotStatus) -> str:
    """The same for a terminal."""
    autopilot, spending = found.autopilot, found.spending
    currency = autopilot.study.budget.currency

    def of_cap(used: Decimal, cap: Decimal) -> str:
        return f"{money(used, currency=currency)} of {money(cap, currency=currency)}"

    lines = [
        f"{autopilot}: {'on' if autopilot.is_on else 'off'}, for {autopilot.acts_for.email}",
        f"Today: {of_cap(spending.today, spending.a_day)}. In all: {of_cap(spending.in_all, spending.cap)}.",
        *([f"Target: {autopilot.target:.1%}."] if autopilot.target is not None else []),
        *([f"Last day: {autopilot.until}."] if autopilot.until else []),
        *([autopilot.reason] if autopilot.reason else []),
        f"Next: {found.next_words}",
        *(
            f"{one.step.made_at:%Y-%m-%d %H:%M} {one.step.purchase}: {money(one.cost.total, currency=currency)}"
            for one in found.steps
        ),
    ]
    return "\n".join(lines)
