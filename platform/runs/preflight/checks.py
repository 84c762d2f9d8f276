"""All that can be known of a request before it starts: rows, labels, models, memory, licence, cost."""

from decimal import Decimal

from budgets.money import amount_text, rounded_text
from runs.preflight.label_checks import check_dev, check_labels, check_recipe, check_rows, check_spans
from runs.preflight.language_model_checks import check_filter, check_student, check_tokens
from runs.preflight.model_checks import (
    check_adapters,
    check_layers,
    check_length,
    check_licence,
    check_memory,
    check_metric,
    check_models,
    check_pooling,
    check_segmentation,
    check_teachers,
    check_vectors,
    check_vocabulary,
)
from runs.preflight.results import CheckLevel, CheckResult
from runs.preflight.writing_checks import check_writing
from runs.requests import Chain, ChainEstimate

# In the order in which a page shows them.
CHECKS = (
    check_rows,
    check_models,
    check_labels,
    check_recipe,
    check_spans,
    check_dev,
    check_layers,
    check_pooling,
    check_segmentation,
    check_length,
    check_adapters,
    check_writing,
    check_vocabulary,
    check_vectors,
    check_memory,
    check_metric,
    check_licence,
    check_teachers,
    check_student,
    check_filter,
    check_tokens,
)


def preflight(chain: Chain) -> list[CheckResult]:
    """Check the runs of a request; `refuse` raises for the results."""
    return [result for check in CHECKS for result in check(chain)]


def check_cost(*, estimate: ChainEstimate, left: Decimal, currency: str) -> CheckResult:
    """Compare what runs hold with what is left for them of their budget."""
    whole = estimate.whole
    about = f"about {rounded_text(whole.expected)} {currency}" if whole else "no estimate: no similar run has ended yet"
    text = f"{about}; it holds {amount_text(estimate.limit)}, and {amount_text(left)} {currency} is left."
    if estimate.limit > left:
        short = amount_text(estimate.limit - left)
        text += f" {short} {currency} short: give it fewer minutes, or raise the budget's limit."
        return CheckResult("Cost", CheckLevel.REFUSED, text)
    return CheckResult("Cost", CheckLevel.WARNING if estimate.will_pause else CheckLevel.GOOD, text)
