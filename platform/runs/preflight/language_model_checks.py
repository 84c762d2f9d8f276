"""Checks of a request whose teacher is a language model: its student, its prices, and what its answers will cost."""

from budgets.cost_kinds import CostKind
from budgets.ledger import headroom
from budgets.money import amount_text, rounded_text
from connections.estimates import TokenEstimate
from connections.prompts import AnswerForm, Method
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
_HOW_OF_ENTITIES = {
    "schema": "Entities whose words are not in the text are paid and left out, with all that was answered to it.",
    "text": "Its server keeps to no schema: what is not in the form that is asked for is paid and left out.",
}
_TAGS = {True: "Tags have the shares of its samples.", False: "Tags are hard, at the stated confidence."}
_HOW_OF_TEXTS = {
    "tokens": "Its server tells how likely the tokens are. Texts that are cut or empty are paid and left out.",
    "text": "Its server does not tell how likely the tokens are. Texts that are cut or empty are paid and left out.",
}


def _how(found: TokenEstimate) -> str:
    if found.form == AnswerForm.TEXT:
        return _HOW_OF_TEXTS[found.method]
    if found.form == AnswerForm.ENTITIES:
        return f"{_TAGS[found.samples > 1]} {_HOW_OF_ENTITIES[found.method]}"
    return _SAMPLED if found.samples > 1 else _HOW[found.method]


def check_student(chain: Chain) -> list[CheckResult]:
    """Whether the student can learn from probabilities of labels."""
    shape = shape_of(chain.student)
    if chain.teacher is None or chain.teacher.connection is None or shape is None or not shape.is_text_to_text:
        return []
    definition = chain.study.definition
    if not definition.has_labels or (definition.unit == "row" and len(chain.study.labels) <= MAX_SCORED_LABELS):
        return []
    text = (
        "A text-to-text student learns from a language model only where each text has one of at most "
        f"{MAX_SCORED_LABELS} labels. Use an encoder as student."
    )
    return [CheckResult("Vocabulary", CheckLevel.REFUSED, text)]


def check_filter(chain: Chain) -> list[CheckResult]:
    """Whether the texts of a language model can be filtered by how likely they are."""
    prompt = chain.teacher.prompt if chain.teacher else None
    if prompt is None or prompt.form != AnswerForm.TEXT or chain.plan.filter != "confidence":
        return []
    if prompt.method == Method.TOKENS:
        return []
    text = "Its server does not tell how likely the tokens of its texts are. Keep all, or as many at random."
    return [CheckResult("Filter", CheckLevel.REFUSED, text)]


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
    on_dev = ", dev included" if chain.study.definition.has_labels else ""
    text = (
        f"{found.num_answers:,} answers{each}{on_dev}: about {rounded_text(found.expected)} {budget.currency} "
        f"(by {found.basis}), at most {rounded_text(found.most)}. Held batch by batch; an answer that is there costs "
        f"nothing. {_how(found)}"
    )
    if found.most_of_one > left:
        text += f" Only {amount_text(left)} {budget.currency} is left: not one answer could be held for."
        return CheckResult("Tokens", CheckLevel.REFUSED, text)
    if found.expected > left:
        text += f" Only {amount_text(left)} {budget.currency} is left: it would pause when that is spent."
        return CheckResult("Tokens", CheckLevel.WARNING, text)
    is_loose = found.method == Method.TEXT and found.form != AnswerForm.TEXT
    level = CheckLevel.WARNING if is_loose else CheckLevel.GOOD
    return CheckResult("Tokens", level, text)
