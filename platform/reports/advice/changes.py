"""What has changed in a study since a recommendation was shown."""

from collections.abc import Iterator
from datetime import datetime

from accounts.models import AuditRecord
from budgets.models import LedgerEntry, Price
from reports.models import Recommendation
from runs.models import Run
from studies.models import Label, Study
from tables.table import counted

UNKNOWN = "points, prices, money or labels are no longer what they were"
SUBJECTS = {"budget": "the limit, a cap or the stop of the budget changed", "study": "the study changed"}


def changed_since(study: Study, *, shown: str) -> str:
    """Say in words what is new since the recommendation of a state was made."""
    kept = Recommendation.objects.filter(study=study, state=shown).first()
    found = list(_changes(study, kept.made_at)) if kept else []
    return ", ".join(found) or UNKNOWN


def _changes(study: Study, since: datetime) -> Iterator[str]:
    runs, budget = Run.objects.filter(study=study), study.budget
    counts = (
        ("run", "requested", runs.filter(created_at__gt=since)),
        ("run", "ended", runs.filter(ended_at__gt=since)),
        ("label", "new or changed", Label.objects.filter(example__study=study, updated_at__gt=since)),
        ("charge", "entered", LedgerEntry.objects.filter(budget=budget, created_at__gt=since)),
        ("price", "set", Price.objects.filter(book=budget.price_book_id, created_at__gt=since)),
    )
    for noun, what, rows in counts:
        if number := rows.count():
            yield f"{counted(number, noun)} {what}"
    records = AuditRecord.objects.filter(budget_id=budget.pk, subject_type__in=SUBJECTS, at__gt=since)
    # Its first run closes the test split, which is no change that a person made.
    for subject in sorted(set(records.exclude(action="study.freeze_test").values_list("subject_type", flat=True))):
        yield SUBJECTS[subject]
