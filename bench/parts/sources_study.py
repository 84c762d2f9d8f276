"""A study whose labels come of people, of a language model, and of people who are shown what it said.

Rows are made by the product's own operations. What people say is the set's own label: nobody sits at Label Studio.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Role
from bench.parts.few.sets import FewSet
from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, settle
from budgets.models import Origin, Path
from budgets.prices import Scope, set_price
from connections.models import Connection, Outputs
from connections.operations import run_self_test
from labeling.models import Annotation, Assignment, LabelingProject
from labeling.publishing import PublishRequest, audited, hold_batch, publishable
from reports.model_labels import AuditResult, audit_results, start_audit
from runs.control import start_runs
from runs.models import LabelingJob, ModelLabel, Run, RunState
from runs.prompting import carry_out_labeling_job, start_labeling_job
from runs.requests import RunPlan, RunRequest
from runs.supervision import supervise
from studies.labels import assign_label
from studies.models import Example, Label, Split
from studies.queries import gold
from tests import factories

LABEL = "0.10"
# Of the local model: what a CPU second costs at the price of the hour, at 135 tokens a second.
OWN_TOKENS = "0.0012"
NUM_DEV = 24
# One seed, a head on the frozen checkpoint and few steps of distillation: sources are compared, not recipes.
QUICK = {"num_seeds": 1, "max_minutes": 30, "recipe": "frozen"}
QUICK_TAUGHT = {"recipe": "finetune", "steps": 60, "learning_rates": (5e-4,)}


class SourceStudy:
    """The study, a connection to the model, and the ways in which it gets labels and students."""

    def __init__(self, rows: FewSet, *, url: str, num_pool: int, num_test: int, say: Callable[[str], None]) -> None:
        self._say = say
        self._truth = {texts["text"]: label for texts, label in rows.pool}
        self.study = factories.study(
            name=f"Sources of labels: {rows.name}",
            labels=rows.label_names,
            instructions="What is the text about?",
            prices=factories.price_book(label=LABEL),
        )
        pool = list(rows.pool)
        self._import(pool[:num_pool], split=Split.POOL, has_labels=False)
        self._import(pool[num_pool:][:NUM_DEV], split=Split.DEV)
        self._import(list(rows.test)[:num_test], split=Split.TEST)
        LabelingProject.objects.create(study=self.study)
        self.connection = self._connect(url)

    def label_by_model(self, num_labels: int) -> LabelingJob:
        """Have the model label examples of the pool."""
        request = RunRequest(
            study=self.study, path=Path.DISTIL, plan=RunPlan(**self._teaching), num_unlabelled=num_labels
        )
        made = start_labeling_job(actor=self.study.created_by, request=request, purpose=LabelingJob.Purpose.LABELS)
        while made.is_active:
            carry_out_labeling_job(job_id=made.pk)
            made.refresh_from_db()
        if made.state != LabelingJob.State.DONE:
            raise RuntimeError(f"{made} is {made.get_state_display().lower()}: {made.reason}")
        self._say(f"{made.labels.count()} of {num_labels} labels by the model")
        return made

    def audit(self, num_examples: int) -> AuditResult:
        """Have people label a random part of what it labelled."""
        drawn = start_audit(actor=self.study.created_by, study=self.study, num_examples=num_examples)
        self._publish(audited(study=self.study, example_ids=drawn.example_ids), num_examples)
        return audit_results(self.study)[0]

    def review(self, num_examples: int) -> None:
        """Have people go over what it labelled, its label shown."""
        by_model = Label.objects.filter(example__study=self.study, source=Label.Source.LANGUAGE_MODEL)
        examples = audited(study=self.study, example_ids=list(by_model.values_list("example", flat=True)))
        self._publish(examples, num_examples, with_prelabels=True)

    def label(self, num_examples: int) -> None:
        """Have people label examples that nobody has labelled."""
        self._publish(publishable(study=self.study, split=Split.POOL), num_examples)

    def train(self, name: str, request: dict[str, Any]) -> Run:
        """Train a student, and whatever comes before it, and measure it."""
        plan = RunPlan(**{**QUICK, **request.pop("plan", {})})
        asked = RunRequest(study=self.study, plan=plan, **request)
        started = start_runs(actor=self.study.created_by, request=asked, licence_confirmed=True)
        while run := Run.objects.filter(study=self.study, state=RunState.QUEUED).order_by("pk").first():
            supervise(run_id=run.pk)
        last = started.last
        last.refresh_from_db()
        if last.state != RunState.SUCCEEDED:
            failed = Run.objects.filter(study=self.study).exclude(state=RunState.SUCCEEDED).order_by("pk").first()
            raise RuntimeError(f"{failed}: {failed.error or failed.pause_reason}" if failed else f"{last} did not end")
        self._say(f"{name}: trained")
        return last

    def taught_by_model(self, num_unlabelled: int) -> Run:
        """A student of the model's probabilities."""
        return self.train(
            "taught by the model",
            {
                "path": Path.DISTIL,
                "num_labels": 0,
                "num_unlabelled": num_unlabelled,
                "plan": self._teaching | QUICK_TAUGHT,
            },
        )

    @property
    def num_gold(self) -> int:
        """Labels of people in the pool."""
        return gold(self.study, Split.POOL).count()

    @property
    def accuracy_of_model(self) -> float:
        """The share of all of its labels that are the set's own."""
        said = ModelLabel.objects.filter(example__study=self.study).values_list("example__fields__text", "value")
        return sum(self._truth[text] == value for text, value in said) / len(said)

    @property
    def _teaching(self) -> dict[str, Any]:
        return {"teacher_connection": self.connection.pk, "shots": 0}

    def _import(self, rows: Sequence[Any], *, split: Split, has_labels: bool = True) -> None:
        labels = [label for _, label in rows] if has_labels else None
        factories.examples(self.study, [texts["text"] for texts, _ in rows], split=split, labels=labels)

    def _connect(self, url: str) -> Connection:
        options = {"outputs": Outputs.MAY_TRAIN, "terms": "Apache-2.0", "concurrency": 2, "timeout_seconds": 600}
        made = factories.connection(url=url, name="smollm2", model="SmolLM2-135M-Instruct", **options)
        book, admin = self.study.budget.price_book, factories.person(Role.ADMIN)
        for kind in (CostKind.INPUT_TOKENS, CostKind.OUTPUT_TOKENS):
            scope = Scope(device=made.name)
            set_price(actor=admin, book=book, kind=kind, amount=OWN_TOKENS, starts_at=factories.LONG_AGO, scope=scope)
        return run_self_test(actor=made.created_by, connection=made)

    def _publish(self, examples: QuerySet[Example], num_examples: int, *, with_prelabels: bool = False) -> None:
        wanted = PublishRequest(
            by=self.study.created_by,
            study=self.study,
            examples=examples,
            num_examples=num_examples,
            split=Split.POOL,
            with_prelabels=with_prelabels,
        )
        held = hold_batch(wanted)
        if held is None or held.num_examples != num_examples:
            raise RuntimeError(f"{held.num_examples if held else 0} of {num_examples} examples were held for")
        open_ones = Assignment.objects.filter(publication__batch=held.batch)
        for assignment in open_ones.select_related("publication__example", "hold__price", "hold__budget"):
            self._answer(assignment)

    def _answer(self, assignment: Assignment) -> None:
        """Accept and pay what a person says: the set's own label."""
        example, now = assignment.publication.example, timezone.now()
        value = self._truth[example.fields["text"]]
        annotation = Annotation(
            unique_id=example.uid,
            example=example,
            assignment=assignment,
            annotator=self.study.created_by,
            completed_by=self.study.created_by.email,
            state=Annotation.State.ACCEPTED,
            origin=Origin.REPLAY,
            result=[],
            value=value,
            lead_time=timedelta(seconds=20),
            label_studio_id=example.pk,
            created_at=now,
            updated_at=now,
        )
        price = assignment.hold.price
        cost = Cost(
            source_key=annotation.source_key,
            quantity=Decimal(1),
            amount=price.cost(Decimal(1)),
            origin=Origin.REPLAY,
            occurred_at=now,
            payee=annotation.annotator,
        )
        annotation.entry = settle(hold=assignment.hold, cost=cost)
        annotation.save()
        assign_label(example=example, value=value, source_keys=[annotation.source_key])
