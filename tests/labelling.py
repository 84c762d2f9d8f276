"""What tests of labelling set up: prices, and examples whose money is held or that are published."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.prices import Scope, set_price
from labeling.models import LabelingProject
from labeling.publishing import PublishRequest, hold_batch, publish
from labeling.publishing.batches import HeldBatch, publishable
from studies.models import Split, Study
from tests import factories


def hold_examples(study: Study, num_examples: int = 1000) -> HeldBatch | None:
    """Hold the money of pool examples, as publishing does before it sends them; None where there are none."""
    LabelingProject.objects.get_or_create(study=study, defaults={"label_studio_id": 1})
    examples = publishable(study=study, split=Split.POOL)
    return hold_batch(PublishRequest(by=study.created_by, study=study, examples=examples, num_examples=num_examples))


def published_study(*texts: str, **fields: Any) -> Study:
    """Make a study with published examples."""
    study = factories.study(**fields)
    factories.examples(study, list(texts))
    publish(actor=study.created_by, study=study)
    return study


def priced(study: Study, cost_kind: CostKind, amount: str, *, starts_at: datetime | None = None, **scope: Any) -> None:
    """Set a price, from now on if no time is given, for the `scope` of a budget or an annotator."""
    set_price(
        actor=factories.person(Role.ADMIN),
        book=study.budget.price_book,
        kind=cost_kind,
        amount=amount,
        starts_at=starts_at or timezone.now(),
        scope=Scope(**scope),
    )


def close_reasons(study: Study) -> set[str]:
    """Why a study's holds were released unspent."""
    return {hold.close_reason for hold in study.budget.holds.filter(closed_at__isnull=False, entries__isnull=True)}
