"""What a language model's answers will cost: at most, by what each request can have, and probably, by what they had."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain as joined
from itertools import islice

from django.db.models import Sum

from budgets.cost_kinds import CostKind
from budgets.prices import PriceMissing
from connections.models import Answer, Connection, Outcome
from connections.money import TokenPrices, token_prices
from connections.prompts import LabelPrompt
from runs.requests.chain import Chain
from studies.models import Split
from studies.queries import labelled

# A token is about four bytes of English; a bound has one for each byte.
_USUAL_SHARE = 0.25
_MOST_SAMPLED = 200


@dataclass(frozen=True, kw_only=True)
class TokenEstimate:
    """The cost of answers, in the budget's currency; None where a price is missing, which `fault` says."""

    num_answers: int
    method: str
    expected: Decimal | None = None
    most: Decimal | None = None
    most_of_one: Decimal | None = None
    basis: str = ""
    fault: str = ""


def estimate_tokens(chain: Chain) -> TokenEstimate | None:
    """Estimate the answers that a chain buys, none of them bought before; None where no language model is asked."""
    teacher = chain.teacher
    if teacher is None or teacher.connection is None or teacher.prompt is None:
        return None
    inputs, prompt = chain.inputs, teacher.prompt
    num, method = inputs.num_unlabelled + inputs.num_dev, prompt.method.value
    try:
        prices = token_prices(budget=chain.study.budget, connection=teacher.connection)
    except PriceMissing as missing:
        return TokenEstimate(num_answers=num, method=method, fault=str(missing))
    bounds = [prompt.most_input_tokens(fields) for fields in _sample(chain)] or [prompt.most_input_tokens({"": ""})]
    num_input = round(num * sum(bounds) / len(bounds))
    share_in, share_out, basis = _shares(teacher.connection, prompt)
    usual = {
        CostKind.INPUT_TOKENS: round(num_input * share_in),
        CostKind.OUTPUT_TOKENS: round(num * prompt.most_output_tokens * share_out),
    }
    return TokenEstimate(
        num_answers=num,
        method=method,
        expected=prices.cost(usual),
        most=_most(prices, num_input, num * prompt.most_output_tokens),
        most_of_one=prices.worst(num_input=max(bounds), num_output=prompt.most_output_tokens),
        basis=basis,
    )


def _most(prices: TokenPrices, num_input: int, num_output: int) -> Decimal:
    return prices.cost({CostKind.INPUT_TOKENS: num_input, CostKind.OUTPUT_TOKENS: num_output})


def _sample(chain: Chain) -> Iterator[Mapping[str, str]]:
    """Some of the texts that are asked for, each with the fields that are sent."""
    fields = chain.study.definition.input_fields
    pool = chain.study.examples.filter(split=Split.POOL, label__isnull=True).order_by("rank")
    dev = labelled(chain.study, Split.DEV)
    texts = joined.from_iterable(rows.values_list("fields", flat=True)[:_MOST_SAMPLED] for rows in (pool, dev))
    return ({name: text[name] for name in fields} for text in islice(texts, 2 * _MOST_SAMPLED))


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
