"""Rows for tests, made through the same operations as in production wherever these exist."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.ledger import HoldRequest, place_holds
from budgets.limits import open_budget, stop_everything
from budgets.models import Budget, Hold, Path, Price, PriceBook
from budgets.prices import Scope, set_price
from connections.models import Connection
from connections.operations import add_connection
from notices.models import Delivery, NoticeKind, WebhookTarget
from notices.operations import add_target, notify
from runs.models import ModelLicence, OutputUse
from studies.editing import StudySpec, create_study
from studies.hashing import content_hash, group_hash, rank
from studies.imports import ImportOptions, draft_import, import_examples
from studies.models import Example, ImportBatch, Label, Split, Study

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
PACKAGE_MODEL = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
CPU = Scope(device="cpu")
_numbers = count(1)


def person(role: Role = Role.MANAGER, **fields: Any) -> User:
    number = next(_numbers)
    defaults = {
        "email": f"{role}{number}@example.com",
        "name": f"{role.label} {number}",
        "password": PASSWORD,
    }
    return User.objects.create_user(role=role, **{**defaults, **fields})


def webhook_target(*, url: str = "http://127.0.0.1:9/hook") -> WebhookTarget:
    """A target that nothing listens behind, unless a URL is given."""
    return add_target(actor=person(Role.ADMIN), name=f"Target {next(_numbers)}", url=url)


def connection(*, url: str = "http://127.0.0.1:9/v1", **options: Any) -> Connection:
    """A connection to a language model, which nothing listens behind unless a URL is given."""
    named = {"name": f"model-{next(_numbers)}", "model": "small-model", "url": url}
    return add_connection(actor=person(Role.ADMIN), **{**named, **options})


def given_up_delivery() -> Delivery:
    """A webhook call that its target refused, and the mails of the same notice, which wait."""
    target = webhook_target()
    key = f"run:{next(_numbers)}:failed"
    notify(key=key, kind=NoticeKind.RUN_FAILED, title="Run 57 failed", body="It broke.", path="/runs/57/")
    refused = {"state": Delivery.State.GIVEN_UP, "num_tries": 6, "last_error": "It answered 404 no_service"}
    target.deliveries.update(**refused)
    return target.deliveries.get()


def price_book(*, label: str = "0.10", cpu_hour: str = "0.60", currency: str = "USD") -> PriceBook:
    book = PriceBook.objects.create(name=f"Prices {next(_numbers)}", currency=currency)
    admin = person(Role.ADMIN)
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount=label, starts_at=LONG_AGO)
    set_price(actor=admin, book=book, kind=CostKind.DEVICE_HOUR, scope=CPU, amount=cpu_hour, starts_at=LONG_AGO)
    return book


def budget(*, limit: str | Decimal = "10", **prices: str) -> Budget:
    return open_budget(actor=person(), name=f"Budget {next(_numbers)}", limit=limit, price_book=price_book(**prices))


def study(*, limit: str = "100", prices: PriceBook | None = None, **fields: Any) -> Study:
    defaults: dict[str, Any] = {
        "name": f"Study {next(_numbers)}",
        "task_type": "text_classification",
        "labels": ("good", "bad"),
        "student_model": PACKAGE_MODEL,
        "teacher_model": PACKAGE_MODEL,
    }
    spec = StudySpec(limit=limit, price_book=prices or price_book(), **{**defaults, **fields})
    made = create_study(actor=person(), spec=spec)
    for model in (made.student_model, made.teacher_model):
        if model["source"] != "package":
            free_model(made, model)
    return made


def free_model(study: Study, model: dict[str, Any]) -> ModelLicence:
    """Let a model's outputs train others: a test's own model has no card that says so."""
    defaults = {"outputs": OutputUse.MAY_TRAIN, "licence": "made for tests", "stated_by": study.created_by}
    named = {"source": model["source"], "name": model["name"]}
    return ModelLicence.objects.get_or_create(**named, defaults=defaults)[0]


def stopped_study() -> Study:
    """A study whose manager stopped everything."""
    made = study()
    made.budget = stop_everything(actor=made.created_by, budget=made.budget, reason="The guidelines are wrong")
    return made


def examples(
    study: Study, texts: list[str], *, split: Split = Split.POOL, labels: list[str] | None = None
) -> list[Example]:
    """Put examples straight into a split, with imported labels where given."""
    batch, _ = ImportBatch.objects.get_or_create(study=study, file_name="factory", created_by=study.created_by)
    rows = []
    for text in texts:
        fields = {"text": text}
        content = content_hash(fields)
        rows.append(
            Example(
                study=study,
                fields=fields,
                content_hash=content,
                group_hash=group_hash(fields),
                split=split,
                rank=rank(seed=study.seed, content=content),
                import_batch=batch,
            )
        )
    Example.objects.bulk_create(rows)
    for row, value in zip(rows, labels or [], strict=False):
        Label.objects.create(example=row, value=value, source=Label.Source.IMPORT)
    return rows


def import_csv(study: Study, text: str, **options: Any) -> ImportBatch:
    """Import a CSV with the columns text and, where there, label and split."""
    batch = draft_import(
        actor=study.created_by,
        study=study,
        file_name="rows.csv",
        content=text.encode(options.pop("encoding", "utf-8")),
    )
    header = text.split("\n", 1)[0].split(",")
    defaults = {
        "columns": {"text": "text"},
        "label_column": "label" if "label" in header else "",
        "split_column": "split" if "split" in header else "",
    }
    skip_bad_rows = options.pop("skip_bad_rows", False)
    chosen = ImportOptions(**{**defaults, **options})
    return import_examples(actor=study.created_by, batch=batch, options=chosen, skip_bad_rows=skip_bad_rows)


def place_hold(
    *,
    budget: Budget,
    source_key: str,
    amount: Decimal,
    price: Price,
    path: Path | str = "",
    fee: Price | None = None,
) -> Hold:
    """Hold money for one thing."""
    request = HoldRequest(source_key=source_key, amount=amount, price=price, path=path, fee=fee)
    return place_holds(budget=budget, requests=[request])[0]
