"""Entities and texts: previewed, given as labels, shown to people first, and audited."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from budgets.models import Path
from connections.models import Answer, Connection, Outcome, Outputs
from connections.operations import run_self_test
from connections.prompts import PromptImpossible
from labeling.widgets import widget_of
from reports.model_labels import audit_results, start_audit
from reports.verify import verify
from runs.models import LabelingJob, ModelLabel
from runs.prompting import LabelingJobImpossible, carry_out_labeling_job, shown_answers, start_labeling_job
from runs.requests import RunPlan, RunRequest
from runs.requests.plan import PlanInvalid
from studies.labels import assign_label
from studies.models import Label, Split, Study
from tests import factories
from tests.integration.connections.conftest import price_tokens
from tests.language_server import Answerer, Served, Told, completion, language_server, usage

PREVIEW, LABELS = LabelingJob.Purpose.PREVIEW, LabelingJob.Purpose.LABELS
NAMES = ("Ada", "Bob", "Eve", "Kim", "Leo", "Mia")
Answers = dict[str, Told | Answerer]


@pytest.fixture
def answers() -> Answers:
    """What is answered to a text that has some words; else it is found, or written, as it should be."""
    return {}


def usual(request: dict[str, Any], text: str) -> Told:
    if "entities" in json.dumps(request["messages"][0]):
        found = [{"text": word, "label": "person"} for word in text.split() if word in NAMES]
        return completion(json.dumps({"entities": found}), used=usage(written=9))
    return completion(f"{text.split()[0]} #{request.get('seed', 0)}", used=usage(written=4))


@pytest.fixture
def server(db: None, answers: Answers) -> Iterator[Served]:
    def answer(request: dict[str, Any]) -> Told:
        text = request["messages"][-1]["content"]
        told = next((told for words, told in answers.items() if words in text), None) or usual(request, text)
        return told(request) if callable(told) else told

    with language_server(answer) as served:
        yield served


@pytest.fixture
def connection(server: Served) -> Connection:
    made = factories.connection(url=server.url, outputs=Outputs.MAY_TRAIN)
    made = run_self_test(actor=made.created_by, connection=made)
    Connection.objects.filter(pk=made.pk).update(abilities={**made.abilities, "structured": True})
    server.requests.clear()
    server.charged.clear()
    made.refresh_from_db()
    return made


MakeStudy = Callable[..., Study]


@pytest.fixture
def study(connection: Connection) -> MakeStudy:
    def make(task_type: str, **changes: Any) -> Study:
        labels = ("person", "place") if task_type == "entity_extraction" else ()
        made = factories.study(task_type=task_type, labels=labels, instructions="Who is it?", **changes)
        texts = [f"{name} went out" for name in NAMES]
        gold = [answer(made, name, 0, len(name)) for name in NAMES]
        factories.examples(made, texts, labels=gold)
        factories.examples(made, [f"{text} again" for text in texts], split=Split.TEST, labels=gold)
        factories.examples(made, [f"{text} today" for text in texts])
        price_tokens(made.budget.price_book, connection)
        return made

    return make


def answer(study: Study, words: str, start: int, end: int) -> str:
    if study.task_type == "entity_extraction":
        return json.dumps([{"start": start, "end": end, "label": "person"}])
    return json.dumps([words])


def job_of(study: Study, connection: Connection, purpose: LabelingJob.Purpose = LABELS, **plan: Any) -> LabelingJob:
    chosen = RunPlan(teacher_connection=connection.pk, **{"shots": 2, **plan})
    request = RunRequest(study=study, path=Path.DISTIL, plan=chosen, num_unlabelled=6)
    job = start_labeling_job(actor=study.created_by, request=request, purpose=purpose)
    carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def by_model(study: Study) -> dict[str, str]:
    found = Label.objects.filter(example__study=study, source=Label.Source.LANGUAGE_MODEL).select_related("example")
    return {label.example.fields["text"]: label.value for label in found}


def test_entities_become_labels_and_what_is_not_found_is_counted_and_paid(
    study: MakeStudy, connection: Connection, answers: Answers, server: Served
) -> None:
    answers |= {
        "Bob": completion('{"entities": [{"text": "Bob", "label": "person"}, {"text": "Rob", "label": "person"}]}'),
        "Eve": completion('{"entities": [{"text": "Eve", "label": "river"}]}'),
        "Kim": completion("Kim is a person.", used=usage(written=5)),
        "Leo": completion(
            '{"entities": [{"text": "Leo went", "label": "person"}, {"text": "Leo", "label": "person"}]}'
        ),
    }
    ours = study("entity_extraction")
    job = job_of(ours, connection)
    assert by_model(ours) == {f"{name} went out today": answer(ours, name, 0, 3) for name in ("Ada", "Mia")}
    outcomes = dict(Answer.objects.values_list("outcome", "detail"))
    assert outcomes.keys() == {
        *(Outcome.ANSWERED, Outcome.NOT_IN_TEXT, Outcome.INVALID, Outcome.UNREADABLE, Outcome.MISPLACED)
    }
    assert outcomes[Outcome.NOT_IN_TEXT] == "“Rob” is not in the text"
    assert sum(one.output_tokens for one in Answer.objects.all()) == server.total("completion_tokens")
    assert {one.confidence for one in ModelLabel.objects.filter(job=job)} == {0.9}
    assert verify(budgets=[ours.budget]) == []
    shown = server.requests[0]["messages"]
    assert shown[2]["content"] == json.dumps({"entities": [{"text": shown[1]["content"][:3], "label": "person"}]})


def test_texts_become_labels_and_what_is_none_is_counted_and_paid(
    study: MakeStudy, connection: Connection, answers: Answers, server: Served
) -> None:
    answers |= {
        "Bob": completion("Bob wen", finish="length", used=usage(written=12)),
        "Eve": completion("  "),
        "Kim": completion("", refusal="No."),
        "Leo": completion('["a", "b"]'),
    }
    ours = study("text_generation")
    job_of(ours, connection, answer_length=12)
    assert by_model(ours) == {
        "Ada went out today": '["Ada #0"]',
        "Mia went out today": '["Mia #0"]',
        "Leo went out today": json.dumps(['["a", "b"]']),
    }
    outcomes = sorted(Answer.objects.values_list("outcome", flat=True))
    assert outcomes == sorted([*[Outcome.ANSWERED] * 3, Outcome.CUT, Outcome.EMPTY, Outcome.REFUSED])
    assert {request["max_tokens"] for request in server.requests} == {12}
    assert sum(one.output_tokens for one in Answer.objects.all()) == server.total("completion_tokens")
    assert verify(budgets=[ours.budget]) == []


def test_the_sample_most_like_the_others_is_the_label(
    study: MakeStudy, connection: Connection, answers: Answers
) -> None:
    said = ["the red fox ran", "the red fox", "no"]
    answers["went"] = lambda request: completion(said[request["seed"]])
    ours = study("text_generation")
    job = job_of(ours, connection, samples=3)
    assert set(by_model(ours).values()) == {'["the red fox ran"]'}
    (shown, *_) = shown_answers(job, most=1)
    assert shown.shares[0].label == "the red fox ran"
    assert shown.shares[0].share == pytest.approx(ModelLabel.objects.filter(job=job).first().confidence)  # type: ignore[union-attr]
    assert 0.4 < shown.shares[0].share < 0.5


@pytest.mark.parametrize("task_type", ["entity_extraction", "text_generation"])
def test_a_preview_shows_what_came(
    study: MakeStudy, connection: Connection, answers: Answers, client: Client, task_type: str
) -> None:
    answers["Bob"] = completion("Robert", finish="length")
    ours = study(task_type)
    job = job_of(ours, connection, PREVIEW)
    shown = {one.example.fields["text"][:3]: one for one in shown_answers(job, most=5)}
    assert len(shown) == 5 and not by_model(ours)
    assert all(bool(one.shares) == (name != "Bob") for name, one in shown.items())
    client.force_login(ours.created_by)
    page = client.get(f"/labeling-jobs/{job.pk}/").content.decode()
    assert ("<th>Entities</th>" if task_type == "entity_extraction" else "<th>Text</th>") in page
    assert page.count("The answer was cut") == (2 if "Bob" in shown else 0)
    out = StringIO()
    call_command("language_model", "show", str(job.pk), stdout=out)
    assert f"Answered: {5 - ('Bob' in shown)} requests, " in out.getvalue()
    prompt = client.get(f"/studies/{ours.pk}/prompt/").content.decode()
    assert ("{{labels}}" in prompt) == (task_type == "entity_extraction")


@pytest.mark.parametrize("task_type", ["entity_extraction", "text_generation"])
def test_a_label_is_shown_to_people_as_they_would_give_it(
    study: MakeStudy, connection: Connection, task_type: str
) -> None:
    ours = study(task_type)
    job_of(ours, connection)
    for label in Label.objects.filter(example__study=ours, source=Label.Source.LANGUAGE_MODEL):
        widget = widget_of(ours.definition)
        fields = label.example.fields
        result = widget.result(target=label.value, fields=fields)
        given = widget.target(result=result, fields=fields, labels=ours.labels)
        assert ours.definition.read_answer(given=given, fields=fields, labels=ours.labels) == label.value


def audited(study: Study, said: Callable[[str], str], *, by: str = "text") -> Any:
    audit = start_audit(actor=study.created_by, study=study, num_examples=4)
    for place, example in enumerate(study.examples.filter(pk__in=audit.example_ids)):
        assign_label(example=example, value=said(example.fields[by]), source_keys=[f"annotation:{place}"])
    (result,) = audit_results(study)
    return result


def test_an_audit_of_entities_is_of_the_f1_of_each_text(
    study: MakeStudy, connection: Connection, client: Client
) -> None:
    ours = study("entity_extraction", metric="micro_f1")
    job_of(ours, connection)
    both = [{"start": 0, "end": 3, "label": "person"}, {"start": 4, "end": 8, "label": "place"}]
    found = audited(ours, lambda text: json.dumps(both))
    assert found.quality.value == pytest.approx(2 / 3, abs=0.02)
    assert found.error.value == 1
    assert [share.label for share in found.shares] == ["person", "place"]
    client.force_login(ours.created_by)
    page = client.get(f"/studies/{ours.pk}/labelling/model/").content.decode()
    assert "F1 of spans, mean over texts" in page and "counts the spans of all texts together" in page


@pytest.mark.parametrize(("metric", "has_figure"), [("rouge_l", True), ("bleu", False)])
def test_an_audit_of_texts_is_of_a_metric_that_is_a_mean(
    study: MakeStudy, connection: Connection, client: Client, metric: str, has_figure: bool
) -> None:
    ours = study("text_generation", metric=metric)
    job_of(ours, connection)
    found = audited(ours, lambda text: json.dumps([f"{text.split()[0]} #0"]))
    assert found.error is None and found.shares == []
    assert (found.quality is not None) == has_figure
    client.force_login(ours.created_by)
    page = client.get(f"/studies/{ours.pk}/labelling/model/").content.decode()
    assert ("ROUGE-L of all its answers" in page) == has_figure
    assert ("is a figure of all texts together" in page) != has_figure
    asked = client.get(f"/studies/{ours.pk}/labelling/model/audit/").content.decode()
    assert ("is a figure of all texts together" in asked) != has_figure


@pytest.mark.parametrize(("metric", "score"), [("exact_match", 0), ("f1", 2 / 3)])
def test_questions_are_answered_from_their_passages(
    connection: Connection, server: Served, metric: str, score: float
) -> None:
    ours = factories.study(task_type="question_answering", labels=(), metric=metric)
    price_tokens(ours.budget.price_book, connection)
    rows = [f"Who is {number}?,{number} is here,,pool" for number in range(5)]
    csv = "\n".join(["question,passage,label,split", *rows, "Who?,,Ada,pool"])
    factories.import_csv(ours, csv, columns={"question": "question", "passage": "passage"})
    job = job_of(ours, connection)
    label = Label.objects.get(example__fields__question="Who is 3?")
    assert (label.value, job.labels.count()) == ('["question: #0"]', 5)
    system, question, answered, asked = [one["content"] for one in server.requests[0]["messages"]]
    assert system.startswith("Answer the question in as few words") and answered == "Ada"
    assert question == "question: Who?\npassage: " and asked.endswith("is here")
    found = audited(ours, lambda text: '["question"]', by="question")
    assert found.quality.value == pytest.approx(score, abs=0.25) and found.quality.low <= score <= found.quality.high
    assert found.measure.title.endswith("of all its answers")


def test_the_worst_case_is_held_by_the_limit_of_each_answer(
    study: MakeStudy, connection: Connection, server: Served
) -> None:
    ours = study("text_generation", limit="0.3")
    with pytest.raises(LabelingJobImpossible, match="not one answer could be held for"):
        job_of(ours, connection, answer_length=512)
    assert not server.requests
    job_of(ours, connection, answer_length=4)
    assert server.requests


def test_what_cannot_be_asked_is_said(study: MakeStudy, connection: Connection) -> None:
    ours = study("text_generation")
    Study.objects.filter(pk=ours.pk).update(instructions="")
    ours.refresh_from_db()
    with pytest.raises(PromptImpossible, match="would not know what to write"):
        job_of(ours, connection, shots=0)
    with pytest.raises(PlanInvalid, match="Give samples instead"):
        RunPlan(teacher_connection=connection.pk, num_answers=2)
