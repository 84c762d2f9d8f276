"""An example is given to people or to a language model, whoever comes first, also where both come at once."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction

from budgets.models import Budget, Path
from budgets.queries import differences
from connections.models import Connection
from labeling.models import LabelingProject, Publication
from labeling.publishing import PublishRequest, hold_batch, publishable
from runs.models import LabelingJob
from runs.prompting import (
    LabelingJobImpossible,
    carry_out_labeling_job,
    follow_labeling_jobs,
    quote_labeling_job,
    start_labeling_job,
    stop_labeling_job,
)
from runs.requests import RunPlan, RunRequest
from studies.labels import ModelAnswer, assign_model_labels
from studies.models import Example, Label, Split, Study
from tests import factories
from tests.language_server import Served

pytestmark = pytest.mark.django_db(transaction=True)


def order(study: Study, connection: Connection, *, num: int) -> LabelingJob:
    plan = RunPlan(teacher_connection=connection.pk, shots=4)
    request = RunRequest(study=study, path=Path.DISTIL, plan=plan, num_unlabelled=num)
    return start_labeling_job(actor=study.created_by, request=request, purpose=LabelingJob.Purpose.LABELS)


def give_people(study: Study, *, num: int) -> Any:
    LabelingProject.objects.get_or_create(study=study)
    examples = publishable(study=study, split=Split.POOL)
    return hold_batch(PublishRequest(by=study.created_by, study=study, examples=examples, num_examples=num))


def published(study: Study) -> set[int]:
    return set(Publication.objects.filter(example__study=study).values_list("example", flat=True))


def at_once(first: Callable[[], Any], second: Callable[[], Any]) -> "Future[Any]":
    """Do the second while the transaction of the first is open; it must wait, and goes on once that is committed."""

    def work() -> Any:
        try:
            return second()
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            future = pool.submit(work)
            until = time.monotonic() + 20
            while not someone_waits():
                assert time.monotonic() < until and not future.done(), "it did not wait"
                time.sleep(0.02)
        future.exception(timeout=20)
        return future


def someone_waits() -> bool:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def test_who_comes_while_the_other_takes_examples_is_not_given_them(study: Study, connection: Connection) -> None:
    LabelingProject.objects.create(study=study)
    at_once(lambda: order(study, connection, num=3), lambda: give_people(study, num=5))
    (job,) = LabelingJob.objects.all()
    assert len(published(study)) == 5 and not published(study) & set(job.example_ids)

    refused = at_once(lambda: give_people(study, num=2), lambda: order(study, connection, num=2)).exception()
    assert isinstance(refused, LabelingJobImpossible) and "were given to people" in str(refused)
    assert len(published(study)) == 7 and LabelingJob.objects.count() == 1
    assert not differences(Budget.objects.get(pk=study.budget_id))


def test_a_form_that_is_sent_twice_at_once_starts_one_job(study: Study, connection: Connection) -> None:
    plan = RunPlan(teacher_connection=connection.pk, shots=4)
    request = RunRequest(study=study, path=Path.DISTIL, plan=plan, num_unlabelled=3)
    shown = quote_labeling_job(request=request, purpose=LabelingJob.Purpose.LABELS)

    def send() -> LabelingJob:
        actor, purpose = study.created_by, LabelingJob.Purpose.LABELS
        return start_labeling_job(actor=actor, request=request, purpose=purpose, shown=shown)

    again = at_once(send, send).result()
    assert again == LabelingJob.objects.get() and study.examples.exclude(labeling_job="").count() == 3
    assert order(study, connection, num=3) != again


def label_by_file(example: Example) -> None:
    factories.import_csv(example.study, f"text,label\n{example.fields['text']},bad\n")


def label_by_model(example: Example) -> list[int]:
    return assign_model_labels(answers=[ModelAnswer(example_id=example.pk, value="good", source_keys=[])])


def test_a_label_of_a_file_stands_whoever_comes_first(study: Study) -> None:
    one, other = study.examples.filter(split=Split.POOL, label__isnull=True).order_by("rank")[:2]
    assert at_once(partial(label_by_file, one), partial(label_by_model, one)).result() == []
    at_once(partial(label_by_model, other), partial(label_by_file, other)).result()
    labels = Label.objects.filter(example__in=[one, other])
    assert list(labels.values_list("value", "source")) == [("bad", Label.Source.IMPORT)] * 2


def test_what_a_job_left_is_given_to_people_once_nothing_of_it_is_asked(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("runs.prompting.labeling_jobs.enqueue", lambda job: sent.append(job.pk))
    monkeypatch.setattr("runs.prompting.carrying_out.enqueue", lambda job: sent.append(job.pk))
    job = order(study, connection, num=10)
    assert give_people(study, num=1) is None
    LabelingJob.objects.update(state=LabelingJob.State.PAUSED)
    follow_labeling_jobs()
    stop_labeling_job(actor=study.created_by, job=job)
    # Stopped, and its worker may still be asking.
    assert give_people(study, num=1) is None and sent == [job.pk, job.pk]
    follow_labeling_jobs()
    assert sent == [job.pk] * 3
    carry_out_labeling_job(job_id=job.pk)
    held = give_people(study, num=4)
    assert held is not None and held.num_examples == 4 and not server.requests

    second = order(study, connection, num=10)
    carry_out_labeling_job(job_id=second.pk)
    assert len(server.requests) == second.labels.count() == 6
    assert not study.examples.exclude(labeling_job="").exists()
    assert not published(study) & set(second.labels.values_list("example", flat=True))
