"""The demo study: its people, prices, data and purchases. Each step can be repeated; what is there is kept."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.models import PriceBook
from budgets.prices import Scope, create_price_book, set_price
from demo import newsgroups
from runs.requests import RunPlan
from studies.editing import StudySpec, create_study
from studies.hashing import fraction
from studies.imports import ImportOptions, draft_import, import_examples
from studies.models import Example, ImportBatch, Study
from tables.csv_lines import csv_lines

STUDY = "Demo: newsgroup topics"
PRICE_BOOK = "Demo prices"
LIMIT = Decimal("100")
PRICES_START = datetime(2026, 1, 1, tzinfo=UTC)
DOLLARS_PER_LABEL = "0.10"
# The study's own price for a GPU hour, asked here for an hour of this machine.
DOLLARS_PER_DEVICE_HOUR = "1.875"

NUM_POOL, NUM_DEV, NUM_TEST = 2000, 150, 600
NUM_REPLAYED = 600
ANNOTATE = (0, 75, 150, 300, 600)
# Labels for the teacher, unlabelled examples for it to score.
DISTIL = ((75, 1200), (150, 1200), (300, 1200), (600, 1200))
# The same for a teacher that is not fine-tuned.
DISTIL_UNTRAINED = ((0, 1200), (75, 1200))
NUM_LEFT_FOR_A_PERSON = 20
# The replay accounts: one label in twelve is wrong, each takes 4 to 12 seconds.
ERROR_RATE = 1 / 12
LEAST_SECONDS, MOST_SECONDS = 4.0, 12.0
STUDENT = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
TEACHER = {"source": "package", "name": "all-MiniLM-L6-v2", "revision": None}
# A processor without a GPU trains this in minutes: few, large steps on short texts. A second rate to try would cost
# either twice the minutes or half the steps, and a teacher of half its steps has little to teach.
PLAN = RunPlan(
    steps=90,
    teacher_steps=60,
    batch_size=32,
    learning_rates=(5e-4,),
    teacher_learning_rates=(3e-4,),
    max_length=32,
    # Three for distilled students would double the time of the demo.
    num_seeds=1,
    max_minutes=20,
)
ANNOTATE_PLAN = replace(PLAN, num_seeds=3)
UNTRAINED_PLAN = replace(PLAN, untrained_teacher=True, teacher_steps=None, teacher_learning_rates=None)


@dataclass(frozen=True, kw_only=True)
class DemoAccounts:
    """The demo's accounts. Replay accounts enter known labels; the annotator's account is for whoever tries it."""

    admin: User
    manager: User
    annotator: User
    replayers: tuple[User, ...]


def password_of(email: str) -> str:
    """The same password each time for this installation, so that a repeated demo can print it again."""
    return hmac.new(settings.SECRET_KEY.encode(), email.encode(), hashlib.sha256).hexdigest()[:14]


def ensure_accounts() -> DemoAccounts:
    admin = _person("demo-admin@example.com", "Demo admin", Role.ADMIN)
    return DemoAccounts(
        admin=admin,
        manager=_person("demo-manager@example.com", "Demo manager", Role.MANAGER),
        annotator=_person("demo-annotator@example.com", "Demo annotator", Role.ANNOTATOR),
        replayers=tuple(
            _person(f"replay-{number}@example.com", f"Replay {number}", Role.ANNOTATOR, is_replay=True)
            for number in (1, 2)
        ),
    )


def ensure_study(accounts: DemoAccounts) -> Study:
    existing = Study.objects.filter(name=STUDY).first()
    if existing is not None:
        return existing
    spec = StudySpec(
        name=STUDY,
        task_type="text_classification",
        labels=tuple(sorted(newsgroups.TOPICS.values())),
        limit=LIMIT,
        price_book=_ensure_prices(accounts.admin),
        student_model=STUDENT,
        teacher_model=TEACHER,
        instructions="Which of these topics is the post about? It is the first words of a newsgroup post.",
    )
    return create_study(actor=accounts.manager, spec=spec)


def ensure_examples(accounts: DemoAccounts, study: Study) -> ImportBatch:
    """Pool without labels, dev and test with theirs, imported as a manager would import a file."""
    existing = study.import_batches.filter(state=ImportBatch.State.IMPORTED).first()
    if existing is not None:
        return existing
    batch = draft_import(actor=accounts.manager, study=study, file_name="newsgroups.csv", content=_csv())
    options = ImportOptions(columns={"text": "text"}, label_column="label", split_column="split")
    # The corpus has posts alike but for case or spaces on both sides of its own split; those rows are left out.
    return import_examples(actor=accounts.manager, batch=batch, options=options, skip_bad_rows=True)


def replayed_answers() -> Callable[[Example], str]:
    """What the replay accounts answer: the known label, and at the stated rate another one. The same every time."""
    known = newsgroups.posts(newsgroups.TRAIN)
    labels = sorted(newsgroups.TOPICS.values())

    def answer(example: Example) -> str:
        label = known[example.fields["text"]]
        if fraction("error", example.content_hash) >= ERROR_RATE:
            return label
        others = [other for other in labels if other != label]
        return others[int(fraction("which", example.content_hash) * len(others))]

    return answer


def replayed_lead_time(example: Example) -> timedelta:
    return timedelta(seconds=LEAST_SECONDS + fraction("time", example.content_hash) * (MOST_SECONDS - LEAST_SECONDS))


def _csv() -> bytes:
    train, test = (
        sorted(newsgroups.posts(file).items(), key=lambda post: hashlib.sha256(post[0].encode()).digest())
        for file in (newsgroups.TRAIN, newsgroups.TEST)
    )
    # Measured splits first: where the corpus repeats a text, its copy in the pool is the one left out.
    rows = [(text, label, "test") for text, label in test[:NUM_TEST]]
    rows += [(text, label, "dev") for text, label in train[NUM_POOL : NUM_POOL + NUM_DEV]]
    rows += [(text, "", "pool") for text, _ in train[:NUM_POOL]]
    return "".join(csv_lines(header=["text", "label", "split"], rows=rows, is_safe=False)).encode()


def _ensure_prices(admin: User) -> PriceBook:
    book = PriceBook.objects.filter(name=PRICE_BOOK).first()
    book = book or create_price_book(actor=admin, name=PRICE_BOOK, currency="USD")
    prices = (
        (CostKind.LABEL, "", DOLLARS_PER_LABEL),
        (CostKind.DEVICE_HOUR, "cpu", DOLLARS_PER_DEVICE_HOUR),
        (CostKind.DEVICE_HOUR, "cuda", DOLLARS_PER_DEVICE_HOUR),
    )
    for cost_kind, device, amount in prices:
        if not book.prices.filter(kind=cost_kind, device=device).exists():
            scope = Scope(device=device)
            set_price(actor=admin, book=book, kind=cost_kind, scope=scope, amount=amount, starts_at=PRICES_START)
    return book


def _person(email: str, name: str, role: Role, *, is_replay: bool = False) -> User:
    existing = User.objects.filter(email=email).first()
    return existing or User.objects.create_user(
        email=email, password=password_of(email), name=name, role=role, is_replay=is_replay
    )
