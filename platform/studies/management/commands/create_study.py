"""Create a study from the command line."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import RefusingCommand
from accounts.queries import find_person
from budgets.limits import waiting_request
from budgets.models import PriceBook
from budgets.money import amount_text
from config.refusals import Refusal
from studies.commands import add_label_texts, label_texts_of
from studies.editing import StudySpec, create_study
from studies.models import PayBasis
from studies.task_types import TASK_TYPES, Metric


class Command(RefusingCommand):
    help = "Create a study with its budget."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--task-type", choices=list(TASK_TYPES), default=next(iter(TASK_TYPES)))
        parser.add_argument("--label", action="append", dest="labels", default=[], help="once for each label")
        add_label_texts(parser)
        parser.add_argument("--limit", required=True, help="what may be spent, in the price book's currency")
        parser.add_argument("--prices", required=True, help="name of the price book")
        parser.add_argument("--metric", choices=Metric.values, default="", help="the task type's, if not given")
        parser.add_argument("--student", default="package:paraphrase-MiniLM-L3-v2", help="SOURCE:NAME[@REVISION]")
        parser.add_argument("--teacher", default="package:all-mpnet-base-v2", help="SOURCE:NAME[@REVISION]")
        parser.add_argument("--instructions", default="")
        parser.add_argument("--annotations", type=int, default=1, help="annotations per example")
        parser.add_argument("--pay", choices=PayBasis.values, default=PayBasis.PER_LABEL, help="how people are paid")
        parser.add_argument("--max-paid-seconds", type=int, default=300, help="per annotation, if paid by the hour")
        parser.add_argument("--as", dest="email", default="", help="e-mail of who creates it; an admin, if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        study = create_study(actor=find_person(options["email"]), spec=_spec(options))
        budget = study.budget
        self.stdout.write(f"Study {study.pk}: {study}, budget {amount_text(budget.limit)} {budget.currency}")
        if waiting := waiting_request(budget):
            self.stdout.write(
                f"A limit of {amount_text(waiting.new_limit)} waits for a second person: they confirm it on the "
                "budget's page, or by `manage.py budget --confirm`."
            )


def _spec(options: dict[str, Any]) -> StudySpec:
    book = PriceBook.objects.filter(name=options["prices"]).first()
    if book is None:
        names = ", ".join(PriceBook.objects.values_list("name", flat=True))
        known = names or "none yet: `manage.py prices create` makes one"
        raise Refusal(f"There is no price book {options['prices']!r}. Price books: {known}.")
    given = ("name", "task_type", "labels", "limit", "metric", "instructions", "max_paid_seconds")
    return StudySpec(
        price_book=book,
        student_model=_model(options["student"]),
        teacher_model=_model(options["teacher"]),
        label_texts=label_texts_of(options, labels=options["labels"]) or {},
        annotations_per_example=options["annotations"],
        pay_basis=options["pay"],
        **{name: options[name] for name in given},
    )


def _model(reference: str) -> dict[str, Any]:
    source, colon, rest = reference.partition(":")
    if source not in {"hub", "folder", "package"} or not colon or not rest:
        raise Refusal(f"{reference!r} is not hub:NAME, hub:NAME@REVISION, folder:PATH or package:NAME.")
    name, _, revision = rest.partition("@") if source == "hub" else (rest, "", "")
    return {"source": source, "name": name, "revision": revision or None}
