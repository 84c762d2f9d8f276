"""Checks of a request whose teacher is a language model: its student, its prices, and what its answers will cost."""

from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.money import amount_text, rounded_text
from connections.estimates import TokenEstimate
from runs.checkpoints import shape_of
from runs.preflight.results import CheckLevel, CheckResult
from runs.requests import Chain, estimate_tokens
from training.contract import MAX_SCORED_LABELS

_HOW = {
    "letters": "Its probabilities are those of one letter for each label.",
    "schema": "Its server tells no probabilities of so many labels: answers are hard, at the stated confidence.",
    "text": "Its server tells no probabilities and keeps to no schema: what names no label is paid and left out.",
}


_SAMPLED = "Its server tells no probabilities of so many labels: they are the shares of its samples."


def _how(found: TokenEstimate) -> str:
    return _SAMPLED if found.samples > 1 else _HOW[found.method]


def check_student(chain: Chain) -> list[CheckResult]:
    """Whether the student can learn from probabilities of labels."""
    shape = shape_of(chain.student)
    if chain.teacher is None or chain.teacher.connection is None or shape is None or not shape.is_text_to_text:
        return []
    if chain.study.definition.unit == "row" and len(chain.study.labels) <= MAX_SCORED_LABELS:
        return []
    text = (
        "A text-to-text student learns from a language model only where each text has one of at most "
        f"{MAX_SCORED_LABELS} labels. Use an encoder as student."
    )
    return [CheckResult("Vocabulary", CheckLevel.REFUSED, text)]


def check_tokens(chain: Chain) -> list[CheckResult]:
    """What the answers will cost at most and probably, and whether the budget has it."""
    found = estimate_tokens(chain)
    if found is None:
        return []
    if found.fault:
        return [CheckResult("Tokens", CheckLevel.REFUSED, f"{found.fault} An admin sets it on the prices page.")]
    return [_answers(chain, found)]


def _answers(chain: Chain, found: TokenEstimate) -> CheckResult:
    budget = chain.study.budget
    kinds = (CostKind.INPUT_TOKENS, CostKind.OUTPUT_TOKENS)
    left = min(headroom(budget=budget, path=chain.request.path, kind=kind) for kind in kinds)
    assert found.expected is not None and found.most is not None and found.most_of_one is not None
    each = f" of {found.samples} samples each" if found.samples > 1 else ""
    text = (
        f"{found.num_answers:,} answers{each}, dev included: about {rounded_text(found.expected)} {budget.currency} "
        f"(by {found.basis}), at most {rounded_text(found.most)}. Held batch by batch; an answer that is there costs "
        f"nothing. {_how(found)}"
    )
    if found.most_of_one > left:
        text += f" Only {amount_text(left)} {budget.currency} is left: not one answer could be held for."
        return CheckResult("Tokens", CheckLevel.REFUSED, text)
    if found.expected > left:
        text += f" Only {amount_text(left)} {budget.currency} is left: it would pause when that is spent."
        return CheckResult("Tokens", CheckLevel.WARNING, text)
    level = CheckLevel.WARNING if found.method == "text" else CheckLevel.GOOD
    return CheckResult("Tokens", level, text)
