"""What `bench sources` prints: the report, the cheapest source by the price of a label, and the recommendation."""

from decimal import Decimal
from typing import Any

from bench.parts.sources_study import LABEL, SourceStudy
from budgets.cost_kinds import CostKind
from budgets.models import Budget
from reports.advice import next_tranche, recommend
from reports.formatting import percent
from reports.model_labels import AuditResult, reviewed
from reports.queries import report_of
from reports.tables import report_text, tranche_text
from reports.verify import verify
from reports.what_if import WhatIf, what_if

# Of 1,000 tokens of a small hosted model: 0.15 and 0.60 dollars a million.
HOSTED = {CostKind.INPUT_TOKENS: Decimal("0.00015"), CostKind.OUTPUT_TOKENS: Decimal("0.0006")}


def print_sources(made: SourceStudy) -> None:
    """Print the report, both lines of prices, and what is recommended."""
    print(report_text(report_of(made.study)), end="\n\n")
    for title, prices in (("as paid here", {}), ("of a hosted model", HOSTED)):
        found = what_if(study=made.study, token_prices=prices)
        print(f"To reach {percent(found.target)}, tokens at prices {title}:")
        for line in _lines(found):
            print(f"  {line}")
    recommend(study=made.study)
    print("", tranche_text(next_tranche(made.study)), sep="\n", end="\n\n")


def figures_of(made: SourceStudy, audit: AuditResult) -> dict[str, Any]:
    """What was measured, and what must hold."""
    budget = Budget.objects.get(pk=made.study.budget_id)
    found = what_if(study=made.study, target=0.0, token_prices=HOSTED)
    best: dict[str, float] = {}
    for one in found.students:
        best[one.title] = max(best.get(one.title, 0.0), one.point.utility)
    kept, changed = reviewed(made.study)
    wrong = verify(budgets=[budget])
    for difference in wrong:
        print(difference)
    at_target = what_if(study=made.study, token_prices=HOSTED).best_at(Decimal(LABEL))
    assert audit.quality is not None, "people labelled what was drawn"
    return {
        **{f"accuracy: {title.lower()}": round(score, 3) for title, score in sorted(best.items())},
        "labels_by_model_right": round(made.accuracy_of_model, 3),
        "audit_low": round(audit.quality.low, 3),
        "audit_high": round(audit.quality.high, 3),
        "first_answers_kept": kept,
        "first_answers_changed": changed,
        "best_at_label_price": at_target.title if at_target else "",
        "spent_dollars": float(budget.spent),
        "sources_on_report": len(best),
        "open_holds": float(budget.held),
        "verify_differences": len(wrong),
    }


def _lines(found: WhatIf) -> list[str]:
    return [
        f"from ${one.since:.4f} a label{f' to ${one.until:.4f}' if one.until is not None else ''}: "
        f"{one.student.title.lower()} (student {one.student.point.artifact_id}, {percent(one.student.point.utility)}, "
        f"{one.student.line.num_labels} labels and ${one.student.line.fixed:.4f} besides)"
        for one in found.cheapest
    ]
