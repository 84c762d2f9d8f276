"""What answers will cost: at most, by what each request can have, and probably, by what earlier ones had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean
from typing import Any

from django.db.models import Sum

from budgets.cost_kinds import CostKind
from budgets.models import Budget
from budgets.prices import PriceMissing
from connections.models import Answer, Connection, Outcome
from connections.money import TokenPrices, token_prices
from connections.prompts import LabelPrompt

# A token is about four bytes of English; a bound has one for each byte.
_USUAL_SHARE = 0.25
# To find the examples nearest to a text takes milliseconds, and a quote follows a form as it is typed.
_MOST_WITH_NEAREST = 30


@dataclass(frozen=True, kw_only=True)
class TokenEstimate:
    """The cost of answers, in the budget's currency; None where a price is missing, which `fault` says.

    Each of `num_answers` texts is asked for `samples` times. `form` says what an answer is.
    """

    num_answers: int
    samples: int
    method: str
    form: str
    expected: Decimal | None = None
    most: Decimal | None = None
    most_of_one: Decimal | None = None
    basis: str = ""
    fault: str = ""


def estimate_answers(
    *,
    budget: Budget,
    connection: Connection,
    prompt: LabelPrompt,
    rows: Sequence[Mapping[str, str]],
    num_answers: int,
) -> TokenEstimate:
    """Estimate answers to so many texts, none of them bought before. Parameters: `rows` are some of the texts."""
    about: dict[str, Any] = {
        "num_answers": num_answers,
        "samples": prompt.samples,
        "method": prompt.method.value,
        "form": prompt.form.value,
    }
    try:
        prices = token_prices(budget=budget, connection=connection)
    except PriceMissing as missing:
        return TokenEstimate(**about, fault=str(missing))
    num = num_answers * prompt.samples
    some = rows[:_MOST_WITH_NEAREST] if prompt.candidates else rows
    bounds = [prompt.most_input_tokens(row) for row in some] or [0]
    limits = [prompt.output_limit(row) for row in some] or [0]
    num_input, num_output = (round(num * fmean(each)) for each in (bounds, limits))
    share_in, share_out, basis = _shares(connection, prompt)
    usual = {
        CostKind.INPUT_TOKENS: round(num_input * share_in),
        CostKind.OUTPUT_TOKENS: round(num_output * share_out),
    }
    return TokenEstimate(
        **about,
        expected=prices.cost(usual),
        most=_most(prices, num_input, num_output),
        most_of_one=prices.worst(num_input=max(bounds), num_output=max(limits)),
        basis=basis,
    )


def _most(prices: TokenPrices, num_input: int, num_output: int) -> Decimal:
    return prices.cost({CostKind.INPUT_TOKENS: num_input, CostKind.OUTPUT_TOKENS: num_output})


def _shares(connection: Connection, prompt: LabelPrompt) -> tuple[float, float, str]:
    """The shares of their bounds that input and output had in earlier answers; assumed where there is none."""
    done = Answer.objects.filter(batch__connection=connection, is_bound=False)
    done = done.exclude(outcome__in=[Outcome.PENDING, *Outcome.asked_again()])
    names = ("most_input_tokens", "most_output_tokens", "input_tokens", "cached_tokens", "output_tokens")
    sums = done.aggregate(**{f"all_{name}": Sum(name) for name in names})
    if not sums["all_most_input_tokens"]:
        return _USUAL_SHARE, 1.0 if prompt.most_output_tokens == 1 else _USUAL_SHARE, "four bytes a token"
    num_input = sums["all_input_tokens"] + sums["all_cached_tokens"]
    share_out = min(sums["all_output_tokens"] / sums["all_most_output_tokens"], 1.0)
    return num_input / sums["all_most_input_tokens"], share_out, "earlier answers of this connection"
