"""A random part of what a language model labelled is published, for people to label as they label anything else."""

import random

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from labeling.publishing import ModelLabelled, PublishResult, publish
from runs.models import LabelAudit, ModelLabel
from studies.models import Label, Study


class NothingToAudit(Refusal):
    """A language model labelled fewer examples than are to be audited."""


def start_audit(*, actor: User, study: Study, num_examples: int, request_key: str = "") -> LabelAudit:
    """Draw examples at random from those that a language model labelled and no person has looked at, and keep the draw.

    Nothing is published yet: `publish_audit` does that, and may be repeated. Parameters: `request_key` names the
    request, so that one that is sent twice draws once. Raises: Forbidden; NothingToAudit.
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES)
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        if request_key and (drawn_before := study.label_audits.filter(request_key=request_key).first()):
            return drawn_before
        examples = dict(_auditable(study).values_list("pk", "example"))
        if not 1 <= num_examples <= len(examples):
            raise NothingToAudit(
                f"{num_examples:,} is not between 1 and {len(examples):,}: so many labels of a language model have no "
                "person's beside them.",
                field="num_examples",
            )
        drawn = random.SystemRandom().sample(sorted(examples.values()), num_examples)
        made = LabelAudit.objects.create(
            study=study,
            label_ids=sorted(examples),
            example_ids=sorted(drawn),
            request_key=request_key,
            created_by=actor,
        )
        record(
            actor=actor,
            action="labelling.audit",
            subject=f"{made} of “{study}”",
            subject_id=made.pk,
            budget_id=study.budget_id,
            before={},
            after={"labels": len(examples), "examples": num_examples},
        )
    return made


def publish_audit(*, actor: User, audit: LabelAudit) -> PublishResult:
    """Publish the examples of an audit that are not published yet. Raises: as `publish`."""
    return publish(actor=actor, study=audit.study, which=ModelLabelled(example_ids=audit.example_ids))


def num_auditable(study: Study) -> int:
    return _auditable(study).count()


def _auditable(study: Study) -> QuerySet[ModelLabel]:
    labels = ModelLabel.objects.filter(job__study=study, example__label__source=Label.Source.LANGUAGE_MODEL)
    # One that was labelled, freed and labelled again has two; the later is its label.
    latest = labels.order_by("example", "-pk").distinct("example").values("pk")
    return labels.filter(pk__in=latest, example__publication__isnull=True)
