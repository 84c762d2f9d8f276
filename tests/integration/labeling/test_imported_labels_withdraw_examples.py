"""Labels imported for published examples: nobody else is asked, the money comes back, and who began is paid."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditRecord, Role
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable
from labeling.models import Annotation, Assignment, Publication
from labeling.publishing import publish
from labeling.sync import sync
from labeling.withdraw import (
    follow_imported_labels,
    follow_stops,
    follow_undone_imports,
    imported_labels,
    withdraw_labelled_of,
)
from studies.imports import undo_import
from studies.labels import ModelAnswer, assign_model_labels
from studies.models import Label, Study
from studies.queries import awaiting_annotation
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
from tests.labelling import published_study

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = "text,label\none,good\ntwo,good\nthree,good\n"


def waiting(study: Study) -> int:
    return awaiting_annotation(study).count()


def test_nobody_is_asked_and_all_of_the_money_comes_back(study: Study, annotator: Member) -> None:
    assert waiting(study) == 3
    factories.import_csv(study, LABELS)
    done = withdraw_labelled_of(study=study)
    assert (done.num_examples, done.num_kept, done.error) == (3, 0, "")
    assert annotator.open_next(study) is None
    assert spent_and_held(study) == ("0.00", "0.00")
    assert waiting(study) == 0 and is_exact(study)


def test_only_what_has_a_label_is_withdrawn(study: Study, annotator: Member) -> None:
    factories.import_csv(study, "text,label\none,good\n")
    assert withdraw_labelled_of(study=study).num_examples == 1
    assert spent_and_held(study) == ("0.00", "0.20")
    assert annotator.open_next(study) is not None


def test_who_has_it_open_finishes_and_is_paid_and_the_imported_label_stays(
    study: Study, annotator: Member, enter: Enter
) -> None:
    mine = annotator.open_next(study)
    assert mine is not None
    factories.import_csv(study, LABELS)
    assert (withdraw_labelled_of(study=study).num_examples, spent_and_held(study)) == (2, ("0.00", "0.10"))
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None
    assert annotator.annotate(mine, "bad").status_code == 201
    (answer,) = synced(study)
    assert (answer.state, spent_and_held(study)) == (Annotation.State.ACCEPTED, ("0.10", "0.00"))
    assert Label.objects.get(example=answer.example).value == "good"
    assert is_exact(study)


def test_what_was_answered_before_is_paid(study: Study, annotator: Member) -> None:
    assert annotator.annotate(published_ids(study)[0], "bad").status_code == 201
    factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    assert spent_and_held(study) == ("0.10", "0.00")
    assert Annotation.objects.get().state == Annotation.State.ACCEPTED


def test_a_person_who_skips_instead_gives_it_back(study: Study, annotator: Member, enter: Enter) -> None:
    mine = annotator.open_next(study)
    assert mine is not None
    factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    annotator.skip(mine)
    sync(project=study.labeling_project)
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) is None


def test_what_is_kept_open_too_long_comes_back(study: Study, annotator: Member) -> None:
    assert annotator.open_next(study) is not None
    factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.10")
    Label.objects.update(created_at=timezone.now() - timedelta(hours=13))
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert annotator.open_next(study) is None


def test_a_crash_after_the_import_is_made_up_by_the_schedule(study: Study, annotator: Member) -> None:
    factories.import_csv(study, LABELS)
    follow_imported_labels()
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.00")
    assert annotator.open_next(study) is None
    assert AuditRecord.objects.filter(action="labelling.withdraw").count() == 1


def test_a_crash_after_label_studio_was_told_is_made_up(study: Study, client_of: LabelStudioClient) -> None:
    factories.import_csv(study, LABELS)
    client_of.shut(project_id=project_id(study), ids=published_ids(study), keep_open=[])
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.00")
    sync(project=study.labeling_project, check_all=True)
    assert is_exact(study)


def test_label_studio_that_is_away_is_told_and_tried_again(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.import_csv(study, LABELS)

    def away(**_: object) -> None:
        raise LabelStudioUnreachable("Label Studio does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr("labeling.withdraw.release.connect", away)
        assert withdraw_labelled_of(study=study).error == "Label Studio does not answer."
    assert spent_and_held(study) == ("0.00", "0.30")
    follow_imported_labels()
    assert spent_and_held(study) == ("0.00", "0.00")


def test_an_undone_import_lets_its_examples_be_published_again(study: Study, annotator: Member) -> None:
    batch = factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    undo_import(actor=study.created_by, batch=batch)
    assert publish(actor=study.created_by, study=study).num_published == 3
    assert spent_and_held(study) == ("0.00", "0.30")
    assert annotator.open_next(study) is not None


def test_what_people_said_meanwhile_is_the_label_once_the_import_is_undone(study: Study, annotator: Member) -> None:
    mine = annotator.open_next(study)
    assert mine is not None
    batch = factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    assert annotator.annotate(mine, "bad").status_code == 201
    (answer,) = synced(study)
    undo_import(actor=study.created_by, batch=batch)
    model_said = assign_model_labels(answers=[ModelAnswer(example_id=answer.example_id, value="good", source_keys=[])])
    assert model_said == [answer.example_id]
    for _ in range(2):
        follow_undone_imports()
    label = Label.objects.get(example__study=study)
    assert (label.value, label.source, label.source_keys) == ("bad", Label.Source.ANNOTATION, [answer.source_key])


def test_one_label_that_cannot_be_decided_holds_up_no_other(
    study: Study, annotator: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = annotator.open_next(study)
    assert mine is not None
    batch = factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    kept = Assignment.objects.waiting().get()
    assert annotator.annotate(mine, "bad").status_code == 201
    synced(study)
    undo_import(actor=study.created_by, batch=batch)
    with monkeypatch.context() as odd:
        odd.setattr(imported_labels, "decide_label", lambda publication: 1 / 0)
        follow_undone_imports()
    assert not Label.objects.filter(example=kept.publication.example).exists()
    follow_undone_imports()
    assert Label.objects.get(example=kept.publication.example).value == "bad"


def test_what_was_kept_for_one_is_anybodys_once_the_import_is_undone(
    study: Study, annotator: Member, enter: Enter
) -> None:
    mine = annotator.open_next(study)
    assert mine is not None
    batch = factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    kept = Assignment.objects.waiting().get()
    undo_import(actor=study.created_by, batch=batch)
    follow_undone_imports()
    kept.refresh_from_db()
    assert (kept.kept_for, spent_and_held(study)) == (None, ("0.00", "0.10"))
    annotator.skip(mine)
    sync(project=study.labeling_project)
    assert enter(factories.person(Role.ANNOTATOR)).open_next(study) == mine
    assert is_exact(study)


def test_what_a_stop_withdrew_and_got_a_label_is_not_published_again(study: Study, annotator: Member) -> None:
    stopped(study)
    factories.import_csv(study, "text,label\none,good\n")
    resumed(study)
    follow_stops()
    assert spent_and_held(study) == ("0.00", "0.20")
    asking = Assignment.objects.filter(hold__closed_at__isnull=True).values("publication__example__fields__text")
    assert sorted(one["publication__example__fields__text"] for one in asking) == ["three", "two"]
    assert Publication.objects.count() == 3


def test_where_two_are_asked_nobody_else_gets_what_one_answered_or_has_open(
    db: None, annotator: Member, enter: Enter
) -> None:
    study = published_study("one", "two", "three", annotations_per_example=2)
    answered = annotator.open_next(study)
    assert answered is not None and annotator.annotate(answered).status_code == 201
    opened = annotator.open_next(study)
    assert opened is not None
    factories.import_csv(study, LABELS)
    withdraw_labelled_of(study=study)
    other = enter(factories.person(Role.ANNOTATOR))
    assert other.open_next(study) is None
    assert spent_and_held(study) == ("0.10", "0.10")
    assert annotator.annotate(opened).status_code == 201
    synced(study)
    assert (other.open_next(study), spent_and_held(study)) == (None, ("0.20", "0.00"))
    assert is_exact(study)
