from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from budgets.models import Budget, Path
from connections.models import Connection, Outputs
from labeling.models import LabelingProject
from labeling.publishing import PublishRequest, audited, hold_batch, publishable
from reports.bills import BillSection, StudyLedger
from reports.cards import _origins
from reports.model_labels import NothingToAudit, audit_results, num_auditable, start_audit
from reports.verify import verify
from runs.models import LabelingJob, ModelLabel, Run, RunKind
from runs.prompting import LabelingJobImpossible, carry_out_labeling_job, start_labeling_job
from runs.requests import RunPlan, RunRequest, count_inputs, fix_inputs
from studies.editing import duplicate_study
from studies.exports import export_examples
from studies.labels import ModelAnswer, assign_label, assign_model_labels
from studies.models import Label, Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.language_server import Served

LABELS = LabelingJob.Purpose.LABELS
BY_MODEL = Label.Source.LANGUAGE_MODEL


def order(study: Study, connection: Connection, *, num: int = 10, **plan: Any) -> LabelingJob:
    chosen = RunPlan(teacher_connection=connection.pk, shots=4, **plan)
    request = RunRequest(study=study, path=Path.DISTIL, plan=chosen, num_unlabelled=num)
    job = start_labeling_job(actor=study.created_by, request=request, purpose=LABELS)
    carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def by_model(study: Study) -> list[Label]:
    return list(Label.objects.filter(example__study=study, source=BY_MODEL).select_related("example").order_by("pk"))


def test_its_answers_are_labels_of_the_pool_at_a_price(study: Study, connection: Connection, server: Served) -> None:
    job = order(study, connection, num=8)
    labels = by_model(study)
    assert (job.state, len(labels), len(server.requests)) == (LabelingJob.State.DONE, 8, 8)
    assert all(label.value == ("good" if "great" in str(label.example) else "bad") for label in labels)
    assert {label.example.split for label in labels} == {Split.POOL}
    batch = f"tokens:{job.connection.batches.get().pk}"
    assert all(label.source_keys == [batch] for label in labels)
    assert job.connection.batches.get().path == Path.ANNOTATE
    assert ModelLabel.objects.earliest("pk").confidence == pytest.approx(0.917, abs=0.02)

    snapshot = fix_inputs(RunRequest(study=study, path=Path.ANNOTATE, plan=RunPlan())).snapshot
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, snapshot=snapshot)
    assert snapshot is not None and snapshot.items.filter(source=BY_MODEL).count() == 8
    line = StudyLedger(study).bill(run_id=run.pk).line(BillSection.LABELS)
    assert line.amount == Decimal("0.136") and line.has_tokens
    assert str(_origins(run)) == "18 labels (8 given by a language model, 10 imported with the examples)"
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []


def test_they_are_never_gold(study: Study, connection: Connection, server: Served) -> None:
    order(study, connection)
    everything = count_inputs(RunRequest(study=study, path=Path.ANNOTATE, plan=RunPlan()))
    gold_alone = count_inputs(RunRequest(study=study, path=Path.ANNOTATE, plan=RunPlan(gold_only=True)))
    distilled = count_inputs(RunRequest(study=study, path=Path.DISTIL, plan=RunPlan(), num_unlabelled=5))
    assert [inputs.num_labels for inputs in (everything, gold_alone, distilled)] == [20, 10, 10]
    assert len(distilled.answers) == 10
    shown = {text for request in server.requests for text in (one["content"] for one in request["messages"][1:-1:2])}
    assert not any("moon" in text for text in shown)
    written = b"".join(export_examples(study=study, examples=study.examples.all(), suffix="csv")).decode()
    assert written.count(",pool,language_model") == 10
    assert (again := factories.import_csv(factories.study(), written)).num_created == 30 and again.num_labels == 20
    assert factories.import_csv(study, written).num_late_labels == 0 and len(by_model(study)) == 10
    copy = duplicate_study(actor=study.created_by, study=study, name="Copy", limit="1", with_data=True)
    assert Label.objects.filter(example__study=copy).count() == 20
    test = study.examples.filter(split=Split.TEST).first()
    assert test is not None
    Label.objects.filter(example=test).delete()
    assert assign_model_labels(answers=[ModelAnswer(example_id=test.pk, value="good", source_keys=[])]) == []


def test_what_a_person_or_a_file_says_takes_their_place(study: Study, connection: Connection) -> None:
    order(study, connection)
    first, second = (label.example for label in by_model(study)[:2])
    assign_label(example=first, value="bad", source_keys=["annotation:1"])
    rows = f"text,label,split\n{second.fields['text']},bad,pool\n"
    factories.import_csv(study, rows)
    sources = [Label.objects.get(example=one).source for one in (first, second)]
    assert sources == [Label.Source.ANNOTATION, Label.Source.IMPORT]
    assert len(by_model(study)) == 8 and ModelLabel.objects.count() == 10


def test_nothing_is_asked_twice_or_against_the_terms(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(study, connection, num=6)
    order(study, connection, num=6)
    assert len(by_model(study)) == len(server.requests) == 10
    with pytest.raises(LabelingJobImpossible, match="no example without a label"):
        order(study, connection)
    Label.objects.filter(source=BY_MODEL).delete()
    Connection.objects.update(outputs=Outputs.UNKNOWN)
    with pytest.raises(LabelingJobImpossible, match="Labels train models"):
        order(study, connection)


def test_an_order_is_killed_between_paying_and_labelling(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(job: LabelingJob, *, is_done: bool = False) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr("runs.prompting.carrying_out.give_labels", die)
        order(study, connection)
    assert not by_model(study)
    carry_out_labeling_job(job_id=LabelingJob.objects.get().pk)
    assert len(by_model(study)) == len(server.requests) == 10
    assert Budget.objects.get(pk=study.budget_id).held == 0


def test_a_label_waits_for_all_of_its_samples_while_an_order_goes_on(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.update(abilities={**connection.abilities, "alternatives": 0}, concurrency=1)
    monkeypatch.setattr("runs.prompting.carrying_out.is_announced", lambda: len(server.requests) >= 5)
    monkeypatch.setattr("runs.prompting.carrying_out._SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr("runs.prompting.carrying_out.enqueue", lambda job: None)
    job = order(study, connection, num=2, samples=3)
    assert (job.state, len(by_model(study))) == (LabelingJob.State.WAITING, 1)
    monkeypatch.setattr("runs.prompting.carrying_out.is_announced", lambda: False)
    carry_out_labeling_job(job_id=job.pk)
    assert (len(by_model(study)), len(server.requests)) == (2, 6)


def test_an_audit_is_drawn_published_and_corrects(study: Study, connection: Connection) -> None:
    order(study, connection)
    assert num_auditable(study) == 10 and not publishable(study=study, split=Split.POOL).exists()
    with pytest.raises(NothingToAudit, match="between 1 and 10"):
        start_audit(actor=study.created_by, study=study, num_examples=11)
    audit, again = (start_audit(actor=study.created_by, study=study, num_examples=6, request_key="k") for _ in "ab")
    assert audit == again
    LabelingProject.objects.get_or_create(study=study)
    chosen = audited(study=study, example_ids=audit.example_ids)
    held = hold_batch(PublishRequest(by=study.created_by, study=study, examples=chosen, num_examples=6))
    assert held is not None and held.num_examples == 6 and num_auditable(study) == 4
    (result,) = audit_results(study)
    assert (result.num_labels, result.num_drawn, result.num_looked_at, result.error) == (10, 6, 0, None)

    for place, example in enumerate(study.examples.filter(pk__in=audit.example_ids).select_related("label")):
        said = {"good": "bad", "bad": "good"}[example.label.value] if place == 0 else example.label.value
        assign_label(example=example, value=said, source_keys=[f"annotation:{place}"])
    (result,) = audit_results(study)
    assert result.error is not None and result.quality is not None
    assert result.error.value == pytest.approx(1 / 6) and result.error.low < 1 / 6 < result.error.high
    assert [share.label for share in result.shares] == ["good", "bad"]
    assert sum(share.by_model for share in result.shares) == pytest.approx(1)
    assert all(share.corrected.low <= share.corrected.value <= share.corrected.high for share in result.shares)


def test_its_pages_start_a_job_and_mark(study: Study, connection: Connection, client: Client) -> None:
    client.force_login(study.created_by)
    url = f"/studies/{study.pk}/labelling/model/"
    start_run = f"/studies/{study.pk}/runs/start/"
    assert "Leave out labels that" not in client.get(start_run).content.decode()
    chosen = {"connection": connection.pk, "num_unlabelled": 7, "shots": 4}
    assert "10 examples: expected" in client.get(f"{url}start/").content.decode()
    quoted = client.get(f"{url}start/quote/", chosen)
    assert "7 examples" in quoted.content.decode()
    ordered = client.post(f"{url}start/", {**chosen, "shown": quoted.context["shown"]})
    carry_out_labeling_job(job_id=LabelingJob.objects.get().pk)
    assert "7 examples labelled" in client.get(ordered["Location"]).content.decode()
    page = client.get(url).content.decode()
    assert "7 labels of a language model have no person" in page
    data = client.get(f"/studies/{study.pk}/data/").content.decode()
    assert data.count('<span class="mark">language model</span>') == 7
    assert "Leave out labels that" in client.get(start_run).content.decode()
    assert "Labelled by a language model" in client.get(f"/studies/{study.pk}/labelling/").content.decode()
    quoted = client.get(f"{url}audit/quote/", {"num_examples": 3})
    assert "3 examples" in quoted.content.decode() and "$0.30" in quoted.content.decode()
    assert "from the 7 that only a language model" in client.get(f"{url}audit/").content.decode()
    assert not Run.objects.exists()
