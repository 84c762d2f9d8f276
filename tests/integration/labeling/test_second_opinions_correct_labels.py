"""A labelled example is annotated once more by others; a third is paid only where the two differ."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditRecord, Role, User
from accounts.permissions import Forbidden
from budgets.ledger import BudgetExceeded, BudgetStopped
from config.refusals import Refusal
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable
from labeling.models import Annotation, Assignment, OpinionPurchase
from labeling.publishing import (
    HeldOpinions,
    NoOpinionsPossible,
    OpinionOrdering,
    ask_second_opinions,
    quote_opinions,
)
from labeling.queries import work_waiting
from studies.models import Label, Split, Study
from tests import factories
from tests.integration.labeling.conftest import (
    Enter,
    Member,
    is_exact,
    project_id,
    published_ids,
    resumed,
    spent_and_held,
    stopped,
    synced,
)
from tests.labelling import close_reasons, published_study
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
State = Annotation.State


@pytest.fixture
def people(label_studio: LabelStudioServer, enter: Enter) -> list[Member]:
    return [enter(factories.person(Role.ANNOTATOR)) for _ in range(3)]


@pytest.fixture
def study(people: list[Member]) -> Study:
    """Three examples that the first of three annotators labelled good, at 0.10 each."""
    study = published_study("one", "two", "three")
    for example_id in published_ids(study):
        people[0].annotate(example_id, "good")
    synced(study)
    return study


def ask(study: Study, num_examples: int, **options: Any) -> HeldOpinions:
    return ask_second_opinions(actor=study.created_by, study=study, num_examples=num_examples, **options)


def asks(client: LabelStudioClient, study: Study) -> list[int]:
    """How many more answers Label Studio asks for, by example."""
    listed = {one.id: one for one in client.examples(project_id=project_id(study))}
    return [listed[pk].overlap - listed[pk].num_answers for pk in published_ids(study)]


def labels(study: Study) -> list[str]:
    return list(Label.objects.filter(example__study=study).order_by("example__rank").values_list("value", flat=True))


def waits_for(person: User) -> int:
    return sum(one.num_left for one in work_waiting(person))


def test_the_worst_case_is_held_and_one_further_answer_is_asked_for(
    study: Study, people: list[Member], client_of: LabelStudioClient
) -> None:
    held = ask(study, 2)
    assert (held.num_examples, held.num_short) == (2, 0)
    assert spent_and_held(study) == ("0.30", "0.40")
    assert asks(client_of, study) == [1, 1, 0]
    assert [waits_for(one.person) for one in people] == [0, 2, 2]
    assert AuditRecord.objects.get(action="labelling.second_opinions").after["examples"] == 2


def test_who_labelled_an_example_never_gets_it_again(study: Study, people: list[Member]) -> None:
    ask(study, 1)
    assert people[0].open_next(study) is None
    assert people[1].open_next(study) == published_ids(study)[0]
    people[0].annotate(published_ids(study)[0], "bad")
    assert [one.state for one in synced(study)][-1] == State.SURPLUS
    assert (labels(study)[0], spent_and_held(study)) == ("good", ("0.30", "0.20"))


def test_an_opinion_that_agrees_settles_the_label_and_releases_the_third(
    study: Study, people: list[Member], client_of: LabelStudioClient
) -> None:
    ask(study, 1)
    people[1].annotate(published_ids(study)[0], "good")
    synced(study)
    assert spent_and_held(study) == ("0.40", "0.00")
    assert close_reasons(study) == {"not needed: the annotations before it agree"}
    assert asks(client_of, study) == [0, 0, 0]
    assert len(Label.objects.get(example__publication__label_studio_id=published_ids(study)[0]).source_keys) == 2
    assert is_exact(study)


def test_where_two_differ_a_third_is_asked_and_decides(
    study: Study, people: list[Member], client_of: LabelStudioClient
) -> None:
    ask(study, 1)
    first = published_ids(study)[0]
    people[1].annotate(first, "bad")
    synced(study)
    assert (labels(study)[0], asks(client_of, study)) == ("good", [1, 0, 0])
    assert spent_and_held(study) == ("0.40", "0.10")
    assert [one.open_next(study) for one in people] == [None, None, first]
    people[2].annotate(first, "bad")
    synced(study)
    assert (labels(study)[0], asks(client_of, study)) == ("bad", [0, 0, 0])
    assert spent_and_held(study) == ("0.50", "0.00")
    assert is_exact(study)


def test_a_third_that_nobody_needs_yet_pays_no_surplus_answer(study: Study, people: list[Member]) -> None:
    ask(study, 1)
    for person in people[1:]:
        person.annotate(published_ids(study)[0], "good")
    assert [one.state for one in synced(study)][-2:] == [State.ACCEPTED, State.SURPLUS]
    assert spent_and_held(study) == ("0.40", "0.00")


def test_the_same_request_twice_buys_once(study: Study) -> None:
    first, again = (ask(study, 1, request_key="form-7") for _ in range(2))
    assert (first.num_examples, again.num_examples) == (1, 0)
    assert (OpinionPurchase.objects.count(), spent_and_held(study)) == (1, ("0.30", "0.20"))


def test_a_label_studio_that_does_not_answer_is_asked_by_the_next_sync(
    study: Study, client_of: LabelStudioClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LabelStudioUnreachable("It does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(LabelStudioClient, "set_overlap", fail)
        with pytest.raises(LabelStudioUnreachable, match="money of 1 second opinion is held"):
            ask(study, 1)
    assert (asks(client_of, study), spent_and_held(study)) == ([0, 0, 0], ("0.30", "0.20"))
    synced(study)
    assert asks(client_of, study) == [1, 0, 0]


def test_a_budget_takes_as_many_as_it_can_hold_and_none_that_it_cannot(people: list[Member]) -> None:
    study = published_study("one", "two", "three", limit="0.55")
    for example_id in published_ids(study):
        people[0].annotate(example_id)
    synced(study)
    held = ask(study, 3)
    assert (held.num_examples, held.num_short, f"{held.missing:.2f}") == (1, 2, "0.35")
    with pytest.raises(BudgetExceeded, match="0 of 2 examples fit"):
        ask(study, 2)
    assert spent_and_held(study) == ("0.30", "0.20")


def test_a_stop_withdraws_them_and_resuming_asks_again(
    study: Study, people: list[Member], client_of: LabelStudioClient
) -> None:
    ask(study, 2)
    stopped(study)
    assert (spent_and_held(study), people[1].open_next(study)) == (("0.30", "0.00"), None)
    with pytest.raises(BudgetStopped):
        ask(study, 1)
    resumed(study)
    synced(study)
    assert spent_and_held(study) == ("0.30", "0.40")
    assert asks(client_of, study) == [1, 1, 0]
    people[1].annotate(published_ids(study)[0], "good")
    synced(study)
    assert spent_and_held(study) == ("0.40", "0.20")
    assert is_exact(study)


def test_a_third_that_was_not_needed_does_not_come_back_after_a_stop(study: Study, people: list[Member]) -> None:
    ask(study, 2)
    people[1].annotate(published_ids(study)[0], "good")
    synced(study)
    stopped(study)
    resumed(study)
    assert spent_and_held(study) == ("0.40", "0.20")


def test_a_third_is_bought_where_an_edit_makes_two_differ(study: Study, people: list[Member]) -> None:
    ask(study, 3)
    made = [people[1].annotate(example_id, "good").json()["id"] for example_id in published_ids(study)]
    synced(study)
    people[1].edit(made[2], "bad")
    synced(study)
    quote = quote_opinions(study=study, num_examples=5, ordering=OpinionOrdering.DIFFERING)
    assert (quote.num_examples, f"{quote.held:.2f}") == (1, "0.10")
    ask(study, 5, ordering=OpinionOrdering.DIFFERING)
    people[2].annotate(published_ids(study)[2], "bad")
    synced(study)
    assert (labels(study), spent_and_held(study)) == (["good", "good", "bad"], ("0.70", "0.00"))
    with pytest.raises(NoOpinionsPossible, match="two annotations that agree, or three"):
        ask(study, 1)
    assert is_exact(study)


def test_those_whose_annotations_differ_come_first(people: list[Member]) -> None:
    study = published_study("one", "two", annotations_per_example=2)
    for person, answers in zip(people, [("good", "good"), ("good", "bad")], strict=False):
        for example_id, answer in zip(published_ids(study), answers, strict=True):
            person.annotate(example_id, answer)
    synced(study)
    ask(study, 5)
    assert list(Assignment.objects.waiting().values_list("number", "only_if_they_differ")) == [(3, False)]
    assert people[2].open_next(study) == published_ids(study)[1]


def test_a_quote_expects_less_than_it_holds(study: Study) -> None:
    quote = quote_opinions(study=study, num_examples=40)
    assert (quote.num_wanted, quote.num_examples, f"{quote.held:.2f}") == (40, 3, "0.60")
    assert (f"{quote.estimate.low:.2f}", f"{quote.estimate.expected:.2f}", f"{quote.estimate.high:.2f}") == (
        *("0.30", "0.40"),
        "0.60",
    )


def test_fewer_than_three_annotators_cannot_serve(label_studio: LabelStudioServer, enter: Enter) -> None:
    people = [enter(factories.person(Role.ANNOTATOR)) for _ in range(2)]
    study = published_study("one")
    people[0].annotate(published_ids(study)[0])
    synced(study)
    with pytest.raises(
        NoOpinionsPossible, match="needs 3 annotators, as a third decides where two differ; there are 2"
    ):
        ask(study, 1)
    factories.person(Role.ANNOTATOR)
    assert ask(study, 1).num_examples == 1


def test_whoever_left_is_no_annotator_to_ask(study: Study, people: list[Member]) -> None:
    User.objects.filter(pk=people[1].person.pk).update(is_active=False)
    with pytest.raises(NoOpinionsPossible, match="there are 2"):
        ask(study, 1)


def test_a_study_without_labelled_examples_is_told_so(label_studio: LabelStudioServer) -> None:
    study = published_study("one")
    with pytest.raises(NoOpinionsPossible, match="No example of that split is labelled by people here"):
        ask(study, 1)
    with pytest.raises(NoOpinionsPossible, match="No example of that split"):
        ask(study, 1, split=Split.TEST)


def test_written_answers_and_a_single_label_are_refused(db: None) -> None:
    written = factories.study(task_type="text_generation", labels=())
    with pytest.raises(NoOpinionsPossible, match="two that differ may both be right"):
        ask(written, 1)
    with pytest.raises(Refusal, match=r"0 must be 1 to 1,000"):
        ask(written, 0)
    with pytest.raises(Refusal, match="'most' is not one of random, differing"):
        ask(written, 1, ordering="most")
    with pytest.raises(Forbidden):
        ask_second_opinions(actor=factories.person(Role.ANNOTATOR), study=written, num_examples=1)


def test_labels_that_were_imported_get_none(study: Study) -> None:
    Label.objects.filter(example__study=study).update(source=Label.Source.IMPORT, source_keys=[])
    with pytest.raises(NoOpinionsPossible, match="labelled by people here"):
        ask(study, 1)


def test_the_command_asks_and_says_what_the_budget_could_not_hold(people: list[Member]) -> None:
    study = published_study("one", "two", limit="0.45")
    for example_id in published_ids(study):
        people[0].annotate(example_id)
    synced(study)
    out = StringIO()
    call_command("publish", str(study.pk), "--second-opinions", stdout=out)
    assert out.getvalue() == (
        "1 labelled example will be annotated once more.\nThe budget could not hold 1 more: 0.15 short.\n"
    )
    with pytest.raises(CommandError, match=r"0\.05 USD left"):
        call_command("publish", str(study.pk), "--second-opinions", "--differing", "--examples", "1")
