"""Two hundred studies and as many ledger entries as asked for, with the annotations and attempts that they paid for.

Rows are made by the database itself, from series of numbers; everything is as the product's own operations leave it, so
that `ledger verify` finds no difference. Of a hundred entries, one is for an attempt, and the rest are labels and their
platform fees in equal parts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import connection, models, transaction

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Hold, LedgerEntry, Price, PriceBook, Tally
from budgets.money import ZERO
from budgets.prices import Scope, create_price_book, set_price
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from runs.models import Attempt, Run, RunKind, RunState
from studies.editing import StudySpec, create_study
from studies.models import Example, ImportBatch, Study

NUM_STUDIES = 200
NUM_ANNOTATORS = 40
ANNOTATORS_PER_STUDY = 8
RUNS_PER_STUDY = 16
NUM_DAYS = 730
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
CPU = Scope(device="cpu")
LABEL, FEE, CPU_HOUR = Decimal("0.10"), Decimal(5), Decimal("0.60")
MODEL = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
TEXT = "'Entry ' || n || ': is the new engine worth its price, or should I wait for the one that comes next year?'"

# Spread over studies, over each study's own annotators, and over two years of seconds.
_LABELS = """
    SELECT n, n % {studies} AS s, ({books})[(n % {studies} % 2 + 1)::int] AS label_price,
        ({fees})[(n % {studies} % 2 + 1)::int] AS fee_price,
        {person} + (n % {studies} * 7 + n / {studies} % {per_study}) % {people} AS annotator,
        '{begin}'::timestamptz + (n * 7919 % {days}) * interval '1 day' + n % 86000 * interval '1 second' AS at,
        ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS uid
    FROM generate_series({first}::bigint, {last}::bigint) AS n
"""
_ATTEMPTS = """
    SELECT n, n % {studies} AS s, ({hours})[(n % {studies} % 2 + 1)::int] AS hour_price,
        '{begin}'::timestamptz + (n * 104729 % {days}) * interval '1 day' AS at
    FROM generate_series({first}::bigint, {last}::bigint) AS n
"""


class Ledger:
    """The studies, and what was entered for them so far."""

    def __init__(self) -> None:
        self.num_labels = 0
        self.num_attempts = 0
        self.admin = User.objects.create_user(email="admin@example.com", name="Admin", role=Role.ADMIN)
        people = [User(email=f"annotator{i}@example.com", name=f"Annotator {i}") for i in range(NUM_ANNOTATORS)]
        self._first_person = User.objects.bulk_create(people)[0].pk
        self._books = [self._book("USD"), self._book("EUR")]
        with transaction.atomic():
            self.studies = [self._study(number) for number in range(NUM_STUDIES)]
        self._first_run = self._runs()

    def grow(self, *, num_entries: int) -> None:
        """Enter more, until there are this many entries; totals and tallies are rebuilt."""
        num_attempts = num_entries // 100
        num_labels = (num_entries - num_attempts) // 2
        with transaction.atomic():
            self._enter_labels(self.num_labels + 1, num_labels)
            self._enter_attempts(self.num_attempts + 1, num_attempts)
            _sum_up()
        self.num_labels, self.num_attempts = num_labels, num_attempts
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _book(self, currency: str) -> PriceBook:
        book = create_price_book(actor=self.admin, name=f"Prices in {currency}", currency=currency)
        for kind, amount, scope in ((CostKind.LABEL, LABEL, Scope()), (CostKind.PLATFORM_FEE, FEE, Scope())):
            set_price(actor=self.admin, book=book, kind=kind, amount=amount, starts_at=BEGIN, scope=scope)
        set_price(actor=self.admin, book=book, kind=CostKind.DEVICE_HOUR, amount=CPU_HOUR, starts_at=BEGIN, scope=CPU)
        return book

    def _study(self, number: int) -> Study:
        spec = StudySpec(
            name=f"Study {number:03}",
            task_type="text_classification",
            labels=("good", "bad"),
            student_model=MODEL,
            teacher_model=MODEL,
            limit="1000000",
            price_book=self._books[number % 2],
        )
        study = create_study(actor=self.admin, spec=spec)
        project = LabelingProject.objects.create(study=study)
        Batch.objects.create(project=project, created_by=self.admin)
        ImportBatch.objects.create(study=study, file_name="rows.csv", created_by=self.admin)
        return study

    def _runs(self) -> int:
        """Runs whose holds are closed again, as they are when they ended. Returns the first one's id."""
        hours = self._prices(CostKind.DEVICE_HOUR)
        studies = [study for _ in range(RUNS_PER_STUDY) for study in self.studies]
        holds = [
            Hold(
                budget_id=study.budget_id,
                source_key=f"run:{number}",
                kind=CostKind.DEVICE_HOUR,
                path="annotate",
                price_id=hours[number % NUM_STUDIES % 2],
                amount=CPU_HOUR,
                remaining=ZERO,
                closed_at=BEGIN,
                close_reason="settled",
            )
            for number, study in enumerate(studies, start=1)
        ]
        Hold.objects.bulk_create(holds, batch_size=1000)
        runs = [
            Run(
                pk=number,
                study=study,
                kind=RunKind.FINETUNE_STUDENT,
                path="annotate",
                state=RunState.SUCCEEDED,
                request_key=str(number),
                training={},
                device="cpu",
                max_seconds=3600,
                hold=hold,
                created_by=self.admin,
                ended_at=BEGIN,
            )
            for number, (study, hold) in enumerate(zip(studies, holds, strict=True), start=1)
        ]
        return Run.objects.bulk_create(runs, batch_size=1000)[0].pk

    def _prices(self, kind: CostKind) -> list[int]:
        return [Price.objects.get(book=book, kind=kind).pk for book in self._books]

    def _enter_labels(self, first: int, last: int) -> None:
        source = _LABELS.format(
            studies=NUM_STUDIES,
            per_study=ANNOTATORS_PER_STUDY,
            people=NUM_ANNOTATORS,
            person=self._first_person,
            begin=BEGIN.isoformat(),
            days=NUM_DAYS,
            books=_array(self._prices(CostKind.LABEL)),
            fees=_array(self._prices(CostKind.PLATFORM_FEE)),
            first=first,
            last=last,
        )
        budget, amount = f"{self.studies[0].budget_id} + s", LABEL + LABEL * FEE / 100
        # Holds, entries: our own ids, of which those of runs and attempts stay clear.
        for model, columns in _label_rows(self.studies[0].pk, budget, amount).items():
            _insert(model, columns, source)
        fee = _entry_columns(budget) | {
            "id": "2 * n + 10000000",
            "source_key": "'annotation:' || uid || ':fee'",
            "subject_key": "'annotation:' || uid",
            "kind": _text(CostKind.PLATFORM_FEE),
            "price_id": "fee_price",
            "hold_id": "n + 10000000",
            "fee_on_id": "2 * n + 9999999",
            "quantity": str(LABEL),
            "amount": str(LABEL * FEE / 100),
        }
        _insert(LedgerEntry, fee, source)
        _insert(Annotation, _ANNOTATION, source)

    def _enter_attempts(self, first: int, last: int) -> None:
        budget = f"{self.studies[0].budget_id} + s"
        source = _ATTEMPTS.format(
            studies=NUM_STUDIES,
            hours=_array(self._prices(CostKind.DEVICE_HOUR)),
            begin=BEGIN.isoformat(),
            days=NUM_DAYS,
            # A run's number is its place in the series; studies are taken in turn from the first.
            first=first - 1,
            last=last - 1,
        )
        num_runs = NUM_STUDIES * RUNS_PER_STUDY
        run = f"({self._first_run} + n % {num_runs})"
        number = f"(n / {num_runs} + 1)"
        entry = _entry_columns(budget) | {
            "id": "n + 1",
            "source_key": f"'run:' || {run} || ':attempt:' || {number}",
            "subject_key": f"'run:' || {run} || ':attempt:' || {number}",
            "work_key": f"'run:' || {run}",
            "kind": _text(CostKind.DEVICE_HOUR),
            "origin": "'compute'",
            "payee_id": "NULL",
            "price_id": "hour_price",
            "hold_id": f"(SELECT hold_id FROM runs_run WHERE id = {run})",
            "quantity": "0.016667",
            "amount": str(CPU_HOUR / 60),
        }
        _insert(LedgerEntry, entry, source)
        attempt = {
            "id": "n + 1",
            "run_id": run,
            "number": number,
            "worker": "'bench'",
            "started_at": "at - interval '1 minute'",
            "heartbeat_at": "at",
            "ended_at": "at",
            "device_seconds": "60",
            "entry_id": "n + 1",
        }
        _insert(Attempt, attempt, source)


def _label_rows(first_study: int, budget: str, amount: Decimal) -> dict[type[models.Model], dict[str, str]]:
    """For each label its example, its offer with a closed hold, and its entry."""
    study = f"{first_study} + s"
    return {
        Example: {
            "id": "n",
            "study_id": study,
            "uid": "uid",
            "fields": f"jsonb_build_object('text', {TEXT})",
            "content_hash": "md5(n::text) || md5(n::text)",
            "group_hash": "md5(n::text) || md5(n::text)",
            "split": "'pool'",
            "rank": "left(md5(n::text), 16)",
            "import_batch_id": f"(SELECT id FROM studies_importbatch WHERE study_id = {study})",
        },
        Publication: {
            "id": "n",
            "example_id": "n",
            "batch_id": "(SELECT b.id FROM labeling_batch b JOIN labeling_labelingproject p ON b.project_id = p.id"
            f" WHERE p.study_id = {study})",
            "label_studio_id": "n",
        },
        Hold: {
            "id": "n + 10000000",
            "budget_id": budget,
            "source_key": "'assignment:' || uid || ':1'",
            "kind": _text(CostKind.LABEL),
            "path": "'annotate'",
            "price_id": "label_price",
            "fee_id": "fee_price",
            "amount": str(amount),
            "remaining": "0",
            "closed_at": "at",
            "close_reason": "'settled'",
        },
        Assignment: {"id": "n", "publication_id": "n", "number": "1", "hold_id": "n + 10000000"},
        LedgerEntry: _entry_columns(budget)
        | {
            "id": "2 * n + 9999999",
            "source_key": "'annotation:' || uid",
            "subject_key": "'annotation:' || uid",
            "kind": _text(CostKind.LABEL),
            "payee_id": "annotator",
            "price_id": "label_price",
            "hold_id": "n + 10000000",
            "quantity": "1",
            "amount": str(LABEL),
        },
    }


_ANNOTATION = {
    "id": "n",
    "unique_id": "uid",
    "example_id": "n",
    "assignment_id": "n",
    "annotator_id": "annotator",
    "completed_by": "'annotator@example.com'",
    "state": "'accepted'",
    "origin": "'person'",
    "result": "'[]'::jsonb",
    "value": "'good'",
    "lead_time": "interval '12 seconds'",
    "entry_id": "2 * n + 9999999",
    "label_studio_id": "n",
    "created_at": "at",
    "updated_at": "at",
}


def _entry_columns(budget: str) -> dict[str, str]:
    return {"budget_id": budget, "path": "'annotate'", "origin": "'person'", "occurred_at": "at"}


def _insert(model: type[models.Model], columns: Mapping[str, str], source: str) -> None:
    """Insert a row for each of a series; columns that are not named take their field's default."""
    given = {name: expression.replace("%", "%%") for name, expression in columns.items()}
    values: list[Any] = []
    for field in model._meta.concrete_fields:
        if (column := field.column or "") not in given:
            given[column] = _default(field, values)
    names = ", ".join(f'"{name}"' for name in given)
    series = source.replace("%", "%%")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(given.values())} FROM ({series}) AS row",
            values,
        )


def _default(field: "models.Field[Any, Any]", values: list[Any]) -> str:
    if getattr(field, "auto_now_add", False):
        return "now()"
    values.append(field.get_db_prep_save(field.get_default(), connection))
    return "%s"


def _sum_up() -> None:
    """What operations keep beside the entries: the budgets' totals and the tallies."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Tally._meta.db_table}")
        cursor.execute(
            """
            INSERT INTO budgets_tally (budget_id, month, path, kind, origin, price_id, payee_id, work_key, fee_on_kind,
                amount, quantity, num_entries)
            SELECT e.budget_id, date_trunc('month', e.occurred_at AT TIME ZONE 'UTC')::date, e.path, e.kind, e.origin,
                e.price_id, e.payee_id, e.work_key, coalesce(f.kind, ''), sum(e.amount), sum(e.quantity), count(*)
            FROM budgets_ledgerentry e LEFT JOIN budgets_ledgerentry f ON f.id = e.fee_on_id
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
            """
        )
        cursor.execute(
            f"""
            UPDATE {Budget._meta.db_table} AS b SET spent = t.spent
            FROM (SELECT budget_id, sum(amount) AS spent FROM budgets_tally GROUP BY 1) AS t WHERE t.budget_id = b.id
            """
        )


def _array(values: list[int]) -> str:
    return f"ARRAY[{', '.join(map(str, values))}]"


def _text(value: str) -> str:
    return f"'{value}'"


def catch_up_sequences() -> None:
    """Let the operations go on after ids that were given by hand."""
    with connection.cursor() as cursor:
        for model in (LedgerEntry, Hold, Run, Attempt, Example, Publication, Assignment, Annotation):
            table = model._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def forget_when_prices_were_made() -> None:
    """Prices were known before what is offered at them, whatever the order of these rows."""
    with pgtrigger.ignore("budgets.Price:append_only"):
        Price.objects.update(created_at=BEGIN)
