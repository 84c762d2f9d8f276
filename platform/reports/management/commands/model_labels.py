"""`manage.py model_labels`: labels that a language model gave, audits of them by people, and people going over them."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.models import User
from accounts.queries import find_person
from budgets.money import amount_text
from labeling.publishing import PublishResult, quote_labels
from reports.formatting import percent
from reports.model_labels import (
    NO_CONFIDENCE,
    AuditResult,
    ReviewOrder,
    audit_results,
    find_audit,
    measure_of,
    num_auditable,
    num_reviewable,
    publish_audit,
    publish_review,
    reviewed,
    start_audit,
    tells_confidence,
)
from studies.models import Study
from studies.queries import find_study, split_counts

_NUM_LEFT: dict[str, Callable[[Study], int]] = {"audit": num_auditable, "review": num_reviewable}


class Command(RefusingCommand):
    help = "Labels of a study that a language model gave: how many and how good, and have people look at them."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        show = actions.add_parser("show", help="how many there are, and what audits say")
        audit = actions.add_parser("audit", help="draw some at random, and publish them for people to label unseen")
        review = actions.add_parser("review", help="publish the next of them with its label shown as a first answer")
        rest = actions.add_parser("publish", help="publish what is left of an audit that is drawn")
        rest.add_argument("audit", help="its number")
        for one in (show, audit, review):
            one.add_argument("study", help="its id or name")
        review.add_argument(
            "--least-sure", action="store_true", help="those first that it was least sure of; else in random order"
        )
        for one in (audit, review):
            one.add_argument("--examples", type=int, required=True, help="how many")
            one.add_argument("--yes", action="store_true", help="do it; without, only what would be held is printed")
        for one in (audit, review, rest):
            one.add_argument("--as", dest="email", help="e-mail of who does it; who made the study, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {"show": self._show, "publish": self._publish}
        actions.get(options["action"], self._ask_people)(options)

    def _show(self, options: dict[str, Any]) -> None:
        study = find_study(options["study"])
        for one in split_counts(study):
            self.stdout.write(
                f"{one.split.value}: {one.num_gold:,} labels by people or imported, {one.num_by_model:,} by a language "
                f"model, {one.num_unlabelled:,} examples without"
            )
        kept, changed = reviewed(study)
        self.stdout.write(f"Shown its label first, people kept it {kept:,} times and changed it {changed:,} times.")
        for result in audit_results(study):
            self.stdout.write("\n".join(_audit_lines(result)))

    def _ask_people(self, options: dict[str, Any]) -> None:
        study, wanted = find_study(options["study"]), options["examples"]
        num_left = _NUM_LEFT[options["action"]](study)
        quote = quote_labels(study=study, num_examples=wanted, num_left=num_left)
        held, room = (f"{amount_text(one)} {study.budget.currency}" for one in (quote.held, quote.room))
        self.stdout.write(f"{quote.num_examples:,} of {num_left:,} labels: holds {held}; {room} is left for labelling.")
        if options["action"] == "audit" and (fault := measure_of(study).fault):
            self.stdout.write(fault)
        if options.get("least_sure") and not tells_confidence(study):
            self.stdout.write(NO_CONFIDENCE)
        if not options["yes"]:
            self.stdout.write("Nothing is published yet: add --yes to do it.")
            return
        actor = _actor(options, study)
        if options["action"] == "review":
            order = ReviewOrder.LEAST_SURE if options["least_sure"] else ReviewOrder.RANDOM
            self._tell(publish_review(actor=actor, study=study, num_examples=wanted, order=order))
            return
        audit = start_audit(actor=actor, study=study, num_examples=wanted)
        self.stdout.write(f"{audit} is drawn. What is not published: manage.py model_labels publish {audit.pk}")
        self._tell(publish_audit(actor=actor, audit=audit))

    def _publish(self, options: dict[str, Any]) -> None:
        audit = find_audit(options["audit"])
        self._tell(publish_audit(actor=_actor(options, audit.study), audit=audit))

    def _tell(self, done: PublishResult) -> None:
        self.stdout.write(f"{done.num_published:,} published.")
        if done.num_short:
            short = amount_text(done.missing)
            self.stdout.write(f"The budget could not take {done.num_short:,} more: {short} short.")


def _actor(options: dict[str, Any], study: Study) -> User:
    return find_person(options["email"]) if options["email"] else study.created_by


def _audit_lines(one: AuditResult) -> list[str]:
    seen = f"people have labelled {one.num_looked_at:,} of {one.num_drawn:,}"
    lines = [f"{one.audit}: drawn from {one.num_labels:,} labels; {seen}, {one.num_unpublished:,} are not published."]
    for title, found in (("Audited error", one.error), (one.measure.title, one.quality)):
        if found is not None:
            lines.append(f"  {title}: {percent(found.value)} ({percent(found.low)} to {percent(found.high)})")
    lines += [f"  {said}" for said in (one.measure.note, one.measure.fault) if said]
    for share in one.shares:
        corrected = share.corrected
        band = f"{percent(corrected.low)} to {percent(corrected.high)}"
        lines.append(f"  {share.label}: {percent(share.by_model)} as it says, {percent(corrected.value)} ({band})")
    return lines
