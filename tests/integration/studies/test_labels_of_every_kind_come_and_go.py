import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from studies.editing import StudyInvalid
from studies.imports import ImportOptions, RowsInvalid, draft_import, import_examples
from studies.labels import assign_label
from studies.models import Label, Study
from studies.queries import label_counts, with_label, without_any
from studies.snapshots import take_snapshot
from studies.task_types import AnswerInvalid
from tests import factories

pytestmark = pytest.mark.django_db

LABELS = ("Amount", "Reagent", "end")


def entities(**fields: Any) -> Study:
    return factories.study(task_type="entity_extraction", labels=LABELS, **fields)


def sets() -> Study:
    return factories.study(task_type="multi_label_classification", labels=LABELS)


def import_lines(study: Study, *rows: dict[str, Any]) -> None:
    content = "\n".join(json.dumps(row) for row in rows).encode()
    batch = draft_import(actor=study.created_by, study=study, file_name="rows.jsonl", content=content)
    options = ImportOptions(columns={"text": "text"}, label_column="label")
    import_examples(actor=study.created_by, batch=batch, options=options)


def value_of(study: Study, text: str) -> Any:
    return json.loads(Label.objects.get(example__study=study, example__fields__text=text).value)


def test_spans_come_as_lists_or_as_json_in_a_cell() -> None:
    study = entities()
    import_lines(study, {"text": "  add 5 mL", "label": [{"start": 6, "end": 10, "label": "Amount"}]})
    factories.import_csv(study, 'text,label\nadd NaCl,"[[4, 8, ""Reagent""]]"\n')
    assert value_of(study, "add 5 mL") == [{"start": 4, "end": 8, "label": "Amount"}]
    assert value_of(study, "add NaCl") == [{"start": 4, "end": 8, "label": "Reagent"}]


def test_overlapping_spans_keep_the_file_out_and_name_the_line() -> None:
    study = entities()
    good = {"text": "add 5 mL", "label": []}
    with pytest.raises(RowsInvalid, match=r"Line 2: label: it has overlapping spans: 0 to 3 \(Amount\) and 2 to 4"):
        import_lines(study, good, {"text": "5 mL", "label": [[0, 3, "Amount"], [2, 4, "Reagent"]]})
    assert not study.examples.exists()


def test_a_text_that_is_a_list_is_no_text() -> None:
    with pytest.raises(RowsInvalid, match="Line 1: text: a text is expected, not a list or an object"):
        import_lines(entities(), {"text": ["add"], "label": []})


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_a_text_that_no_database_keeps_is_an_error_of_its_line(text: str) -> None:
    with pytest.raises(RowsInvalid, match="half of a character, or a NUL"):
        import_lines(factories.study(), {"text": text, "label": "good"})


def test_sets_come_as_lists_or_with_a_mark_between() -> None:
    study = sets()
    factories.import_csv(study, 'text,label\na,Reagent|Amount\nb,"[""end""]"\nc,[]\nd,\n')
    found = {text: value_of(study, text) for text in "abc"}
    assert found == {"a": ["Amount", "Reagent"], "b": ["end"], "c": []}
    assert study.examples.filter(label__isnull=True).count() == 1


def test_examples_are_counted_and_found_by_each_label_they_have() -> None:
    factories.import_csv(factories.study(), "text,label\nno json,good\n")
    spans = entities()
    two = [[0, 1, "Amount"], [2, 3, "Amount"]]
    import_lines(spans, {"text": "5 6", "label": two}, {"text": "7 8", "label": []}, {"text": "9 1", "label": two[:1]})
    assert label_counts(spans) == [("Amount", 2), ("Reagent", 0), ("end", 0)]
    assert (with_label(spans, "Amount").count(), with_label(spans, "end").count()) == (2, 0)
    assert without_any(spans).get().fields == {"text": "7 8"}
    several = sets()
    import_lines(several, {"text": "a", "label": ["Amount", "end"]}, {"text": "b", "label": ["Reagent"]})
    assert label_counts(several) == [("Amount", 1), ("Reagent", 1), ("end", 1)]
    assert with_label(several, "end").get().fields == {"text": "a"}


def test_an_assigned_answer_is_kept_in_the_one_form_whatever_its_length() -> None:
    (example,) = factories.examples(entities(), ["5 " * 400])
    spans = [{"start": 2 * n, "end": 2 * n + 2, "label": "Amount"} for n in range(400)]
    definition, labels = example.study.definition, example.study.labels
    value = definition.read_answer(given=json.dumps(spans), fields=example.fields, labels=labels)
    label = assign_label(example=example, value=value, source_keys=["annotation:1"])
    assert json.loads(label.value)[0] == {"start": 0, "end": 1, "label": "Amount"}
    assert take_snapshot(study=example.study).items.get().value == label.value
    with pytest.raises(AnswerInvalid, match="not a valid list of spans"):
        definition.read_answer(given="Amount", fields=example.fields, labels=labels)


def test_one_label_is_enough_where_it_may_be_absent_and_the_metric_fits_the_kind() -> None:
    study = factories.study(task_type="entity_extraction", labels=("Amount",))
    assert (study.metric, study.get_metric_display()) == ("micro_f1", "Span F1")
    with pytest.raises(StudyInvalid, match="metric: 'compat_f1' is not one of accuracy"):
        factories.study(metric="compat_f1")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("task_type", ["entity_extraction", "multi_label_classification"])
def test_what_is_exported_is_imported_as_it_was(task_type: str, suffix: str, tmp_path: Path) -> None:
    study, again = (factories.study(task_type=task_type, labels=LABELS) for _ in range(2))
    label = [[0, 2, "Amount"]] if task_type == "entity_extraction" else ["end", "Amount"]
    texts = ['=1+1, "quoted"', "two\r\nlines 🧪", "plain"]
    rows = [{"text": text, "label": one} for text, one in zip(texts, [label, [], None], strict=True)]
    import_lines(study, *rows)
    file = tmp_path / f"rows.{suffix}"
    call_command("export_examples", str(study.pk), str(file))
    call_command("import_examples", str(again.pk), str(file))
    columns = ("fields", "split", "label__value")
    before, after = (list(one.examples.order_by("rank").values_list(*columns)) for one in (study, again))
    assert before == after
    assert len(after) == 3


def test_an_unknown_ending_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="'xlsx' is not one of csv, jsonl"):
        call_command("export_examples", str(entities().pk), str(tmp_path / "rows.xlsx"))
    assert list(tmp_path.iterdir()) == []
