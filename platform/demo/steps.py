"""The demo from the first account to the report, one progress line per step. Safe to repeat."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db.models import QuerySet

from budgets.models import Budget
from budgets.money import rounded_text
from config.refusals import Refusal
from demo import scenario
from demo.scenario import DemoAccounts
from labeling.models import Annotation, Publication
from labeling.publishing import publish
from labeling.replay import replay
from labeling.sync import sync_study
from reports.exports import write_report
from reports.queries import report_of
from reports.tables import report_text
from reports.verify import verify
from runs.control import start_annotate, start_distil
from runs.models import Run, RunState
from runs.queries import live_cost
from studies.models import Study
from studies.queries import split_counts

Say = Callable[[str], None]
_SECONDS_BETWEEN_LOOKS = 1.0


class DemoFailed(Refusal):
    """A step of the demo did not come to its end; the message says which and where to look."""


def run_demo(*, say: Say) -> Study:
    """Run the demo study, or what of it is still missing. Raises: DemoFailed, and what the operations raise."""
    with _step(say, "people, prices, study"):
        accounts = scenario.ensure_accounts()
        study = scenario.ensure_study(accounts)
    with _step(say, "import"):
        scenario.ensure_examples(accounts, study)
    for count in split_counts(study):
        say(f"    {count.split}: {count.num_examples:,} examples, {count.num_labelled:,} labelled")
    _label(accounts, study, say)
    _train(accounts, study, say)
    return study


def finish(*, study: Study, say: Say) -> None:
    """Print the report and where its files are; check the ledger. Raises: DemoFailed where the ledger is wrong."""
    report = report_of(study)
    say("")
    say(report_text(report))
    files = write_report(report=report, folder=settings.DATA_DIR / "reports" / "demo")
    differences = verify(budgets=Budget.objects.filter(pk=study.budget_id))
    if differences:
        raise DemoFailed("ledger verify: " + "; ".join(str(difference) for difference in differences))
    say("\nLedger verified: every total rebuilt from its entries, no difference.")
    say("Charts and table:" + "".join(f"\n  {file}" for file in files))
    for line in _how_to_go_on(study):
        say(line)


@contextmanager
def _step(say: Say, name: str) -> Iterator[None]:
    began = time.monotonic()
    say(f"… {name}")
    yield
    say(f"  done in {time.monotonic() - began:.0f} s")


def _label(accounts: DemoAccounts, study: Study, say: Say) -> None:
    num_replayed = scenario.NUM_REPLAYED
    wanted = num_replayed + scenario.NUM_LEFT_FOR_A_PERSON
    missing = wanted - Publication.objects.filter(example__study=study).count()
    with _step(say, f"publish {wanted} examples to Label Studio"):
        if missing > 0:
            publish(actor=accounts.manager, study=study, num_examples=missing)
    with _step(say, f"replay {num_replayed} known labels through Label Studio, as {len(accounts.replayers)} accounts"):
        replay(
            study=study,
            annotators=accounts.replayers,
            answers=scenario.replayed_answers(),
            lead_time=scenario.replayed_lead_time,
            num_examples=num_replayed,
        )
    with _step(say, "fetch, accept and pay"):
        sync_study(actor=accounts.manager, study=study)
    study.budget.refresh_from_db()
    accepted = Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED).count()
    spent, limit = rounded_text(study.budget.spent), rounded_text(study.budget.limit)
    say(f"    {accepted:,} annotations accepted; spent {spent} of {limit} dollars")


def _train(accounts: DemoAccounts, study: Study, say: Say) -> None:
    """Ask for all runs at once; they are worked off one by one."""
    for num_labels in scenario.ANNOTATE:
        start_annotate(actor=accounts.manager, study=study, num_labels=num_labels, plan=scenario.ANNOTATE_PLAN)
    chains = [
        *((scenario.PLAN, sizes) for sizes in scenario.DISTIL),
        *((scenario.UNTRAINED_PLAN, sizes) for sizes in scenario.DISTIL_UNTRAINED),
    ]
    for plan, (num_labels, num_unlabelled) in chains:
        start_distil(
            actor=accounts.manager, study=study, num_labels=num_labels, num_unlabelled=num_unlabelled, plan=plan
        )
    runs = study.runs.exclude(state__in=[RunState.FAILED, RunState.CANCELLED]).order_by("pk")
    with _step(say, f"train: {runs.count()} runs, one after the other"):
        _follow(runs, say)


def _follow(runs: QuerySet[Run], say: Say) -> None:
    wanted, reported = list(runs.values_list("pk", flat=True)), set[int]()
    while len(reported) < len(wanted):
        stuck = Run.objects.filter(pk__in=wanted, state=RunState.PAUSED).first()
        if stuck is not None:
            raise DemoFailed(
                f"{stuck} is paused: {stuck.pause_reason}. Its page says how to resume it: /runs/{stuck.pk}/"
            )
        for run in Run.objects.filter(pk__in=wanted, state__in=RunState.ended()).exclude(pk__in=reported):
            reported.add(run.pk)
            if run.state != RunState.SUCCEEDED:
                log = settings.RUNS_DIR / str(run.pk) / "log.txt"
                raise DemoFailed(f"{run} {run.get_state_display().lower()}: {run.error} Log: {log}")
            say(f"    {len(reported):>2}/{len(wanted)} {_described(run)}")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _described(run: Run) -> str:
    measured = run.artifact.evaluations.filter(split="test", metric=run.study.metric).first()
    utility = f", {measured.metric} {measured.value:.1%} on test" if measured else ""
    return f"{run.get_kind_display()}, {run.num_labels} labels: {live_cost(run):.4f} dollars{utility}"


def _how_to_go_on(study: Study) -> Sequence[str]:
    manager, annotator = "demo-manager@example.com", "demo-annotator@example.com"
    return (
        f"\nPages: {settings.URL}   (python3 manage.py up serves them again)",
        f"  as a manager:   {manager}   {scenario.password_of(manager)}",
        f"  as an annotator: {annotator}   {scenario.password_of(annotator)}",
        f"{scenario.NUM_LEFT_FOR_A_PERSON} examples of “{study}” are left for a person: sign in as the annotator,",
        "press Label, choose a topic, Submit. Within half a minute the label is on the study's page, paid.",
        "Labels entered by the replay accounts are marked “replay” wherever they show, in the ledger too.",
    )
