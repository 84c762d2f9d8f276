"""Reads of connections and of what was bought of them."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from budgets.cost_kinds import TOKEN_KINDS
from budgets.models import Price
from connections.models import Answer, AnswerUse, Connection, Outcome

_CLASSES = tuple(kind.value for kind in TOKEN_KINDS)


@dataclass(frozen=True, kw_only=True)
class AnswerTotals:
    """Requests of one outcome, the tokens they were billed, and how many of them were billed at their bound."""

    outcome: str
    num: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    num_bound: int


def outcomes_of(connection: Connection) -> list[AnswerTotals]:
    """What became of all requests to a connection."""
    return _totals(Answer.objects.filter(batch__connection=connection))


def outcomes_for(work_key: str) -> list[AnswerTotals]:
    """What became of the requests that a run paid for."""
    return _totals(Answer.objects.filter(batch__work_key=work_key))


def uses_others(work_key: str) -> bool:
    """Whether a run used answers that another had bought."""
    return AnswerUse.objects.filter(work_key=work_key).exists()


def prices_of(connection: Connection) -> QuerySet[Price]:
    """Prices by its name that have started, the latest first."""
    started = Price.objects.filter(kind__in=TOKEN_KINDS, device=connection.name, starts_at__lte=timezone.now())
    return started.filter(corrects__isnull=True).select_related("book", "budget").order_by("book__name", "-starts_at")


def _totals(answers: QuerySet[Answer]) -> list[AnswerTotals]:
    found = []
    for outcome in sorted(answers.order_by().values_list("outcome", flat=True).distinct()):
        ours = answers.filter(outcome=outcome)
        sums = ours.aggregate(
            num=Count("pk"), num_bound=Count("pk", filter=Q(is_bound=True)), **{one: Sum(one) for one in _CLASSES}
        )
        found.append(AnswerTotals(outcome=Outcome(outcome).label, **sums))
    return sorted(found, key=lambda one: -one.num)
