import pytest
from django.db import DatabaseError, transaction

from studies.editing import freeze_test
from studies.labels import assign_label
from studies.models import Snapshot, Split
from studies.snapshots import (
    NotEnoughExamples,
    NotEnoughLabels,
    take_measured,
    take_snapshot,
    take_unlabelled,
)
from studies.task_types import AnswerInvalid
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_smaller_snapshot_lies_within_a_larger_one() -> None:
    study = factories.study()
    factories.examples(study, [f"row {n}" for n in range(9)], labels=["good", "bad"] * 4 + ["good"])
    small, large = (take_snapshot(study=study, num_labels=n) for n in (3, 7))
    assert set(small.items.values_list("example")) < set(large.items.values_list("example"))


def test_equal_content_is_one_snapshot() -> None:
    study = factories.study()
    factories.examples(study, ["a", "b"], labels=["good", "bad"])
    assert take_snapshot(study=study, num_labels=2) == take_snapshot(study=study)


def test_a_changed_label_makes_another_snapshot_and_leaves_the_first() -> None:
    study = factories.study()
    (example,) = factories.examples(study, ["a"])
    assign_label(example=example, value="good", source_keys=["annotation:1"])
    first = take_snapshot(study=study)
    assign_label(example=example, value="bad", source_keys=["annotation:1"])
    assert take_snapshot(study=study) != first
    assert first.items.get().value == "good"


def test_rows_that_a_run_is_measured_on_cost_nothing() -> None:
    study = factories.study()
    (example,) = factories.examples(study, ["a"], split=Split.TEST)
    assign_label(example=example, value="good", source_keys=["annotation:1"])
    measured = take_measured(study=study, split=Split.TEST)
    assert measured is not None and measured == take_measured(study=study, split=Split.TEST)
    assert measured.items.values_list("value", "source", "source_keys").get() == ("good", "", [])
    assert take_measured(study=study, split=Split.DEV) is None


def test_unlabelled_rows_are_kept_in_their_order() -> None:
    study = factories.study()
    factories.examples(study, [f"row {n}" for n in range(9)])
    first = study.examples.order_by("rank").first()
    assert first is not None
    assign_label(example=first, value="good", source_keys=["annotation:1"])
    snapshot = take_snapshot(study=study)
    ranked = list(study.examples.order_by("rank").values_list("pk", flat=True))
    scored = take_unlabelled(study=study, besides=snapshot, num_examples=5)
    assert (scored.unlabelled_ids, scored.num_examples, scored.items.count()) == (ranked[1:6], 5, 0)
    with pytest.raises(NotEnoughExamples, match=r"9 unlabelled .* requested; the pool .* has 8 beside the 1"):
        take_unlabelled(study=study, besides=snapshot, num_examples=9)


def test_what_was_fixed_stays() -> None:
    study = factories.study()
    factories.examples(study, ["a"], labels=["good"])
    snapshot = take_snapshot(study=study)
    for rows in (Snapshot.objects.all(), snapshot.items.all()):
        with pytest.raises(DatabaseError, match="Cannot update or delete rows"), transaction.atomic():
            rows.update(id=0)
        with pytest.raises(DatabaseError, match="Cannot update or delete rows"), transaction.atomic():
            rows._raw_delete(rows.db)


def test_dev_and_test_are_never_trained_on() -> None:
    study = factories.study()
    factories.examples(study, ["d"], split=Split.DEV, labels=["good"])
    factories.examples(study, ["t"], split=Split.TEST, labels=["good"])
    with pytest.raises(NotEnoughLabels):
        take_snapshot(study=study)


def test_too_few_labels_are_counted_in_the_error() -> None:
    study = factories.study()
    factories.examples(study, ["a"], labels=["good"])
    with pytest.raises(NotEnoughLabels, match="5 labels were requested; the pool has 1"):
        take_snapshot(study=study, num_labels=5)


def test_an_imported_label_outlives_annotations() -> None:
    study = factories.study()
    (example,) = factories.examples(study, ["a"], labels=["good"])
    assert assign_label(example=example, value="bad", source_keys=["annotation:1"]).value == "good"


def test_a_value_outside_the_label_set_is_refused() -> None:
    study = factories.study()
    with pytest.raises(AnswerInvalid):
        study.definition.read_answer(given="ugly", fields={"text": "a"}, labels=study.labels)


def test_freezing_twice_keeps_the_first_date() -> None:
    study = factories.study()
    freeze_test(actor=study.created_by, study=study)
    study.refresh_from_db()
    first = study.test_frozen_at
    freeze_test(actor=study.created_by, study=study)
    study.refresh_from_db()
    assert study.test_frozen_at == first is not None
