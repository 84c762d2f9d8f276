from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connections.models import Connection
from labeling.models import Publication
from runs.models import LabelingJob
from runs.prompting import carry_out_labeling_job
from studies.labels import assign_label
from studies.models import Label, Study
from tests.language_server import Served


def said(*arguments: object) -> str:
    out = StringIO()
    call_command(*[str(one) for one in arguments], stdout=out)
    return out.getvalue()


def test_a_prompt_is_shown_edited_and_previewed(
    study: Study, connection: Connection, server: Served, tmp_path: Path
) -> None:
    assert "{{how_to_answer}}" in said("language_model", "prompt", study.pk)
    edited = tmp_path / "system.txt"
    edited.write_text("Short.\n{{labels}}\n{{how_to_answer}}")
    assert "Version 1 is kept" in said("language_model", "prompt", study.pk, "--system", edited)
    with pytest.raises(CommandError, match="version 1 already"):
        said("language_model", "prompt", study.pk, "--system", edited)
    with pytest.raises(CommandError, match="cannot be read"):
        said("language_model", "prompt", study.pk, "--message", tmp_path / "missing.txt")
    shown = said("language_model", "prompt", study.pk)
    assert f"Version 1: {study.created_by}" in shown and "Short.\n{{labels}}" in shown

    preview = ("language_model", "preview", study.pk, "--connection", connection.name, "--shots", 4)
    assert "5 examples, by version 1" in said(*preview) and not LabelingJob.objects.exists()
    assert "is started" in said(*preview, "--yes")
    job = LabelingJob.objects.get()
    assert not server.requests and (job.purpose, job.plan["shots"]) == (LabelingJob.Purpose.PREVIEW, 4)
    carry_out_labeling_job(job_id=job.pk)
    assert "5 of 5 answers done; 0.085 USD paid" in said("language_model", "show", job.pk)


def test_labels_are_bought_stopped_and_audited(study: Study, connection: Connection) -> None:
    label = ("language_model", "label", study.pk, "--connection", connection.name, "--examples")
    with pytest.raises(CommandError, match="1 to 100,000"):
        said(*label, 0)
    assert "at most" in said(*label, 6) and not LabelingJob.objects.exists()
    said(*label, 6, "--yes")
    first = LabelingJob.objects.get()
    with pytest.raises(CommandError, match="is not paused"):
        said("language_model", "resume", first.pk)
    assert "stopped; 0 of 6 answers" in said("language_model", "stop", first.pk)
    carry_out_labeling_job(job_id=first.pk)
    with pytest.raises(CommandError, match="There is no labelling job '0'"):
        said("language_model", "show", 0)
    said(*label, 6, "--yes")
    carry_out_labeling_job(job_id=LabelingJob.objects.latest("pk").pk)

    assert "pool: 10 labels by people or imported, 6 by a language model, 4" in said("model_labels", "show", study.pk)
    audit = ("model_labels", "audit", study.pk, "--examples", 3)
    assert "3 of 6 labels: holds 0.30 USD" in said(*audit) and not study.label_audits.exists()


def test_what_people_said_of_an_audit_is_shown(study: Study, connection: Connection) -> None:
    said("language_model", "label", study.pk, "--connection", connection.name, "--examples", 6, "--yes")
    carry_out_labeling_job(job_id=LabelingJob.objects.get().pk)
    labels = Label.objects.filter(source=Label.Source.LANGUAGE_MODEL)
    drawn = list(labels.values_list("example", flat=True)[:2])
    kept = [one.pk for one in study.labeling_jobs.get().labels.all()]
    study.label_audits.create(label_ids=kept, example_ids=drawn, created_by=study.created_by)
    for one in labels.filter(example__in=drawn).select_related("example"):
        assign_label(example=one.example, value=one.value, source_keys=[f"annotation:{one.pk}"])
    shown = said("model_labels", "show", study.pk)
    assert "Audited error: 0.0 %" in shown and "good: 50.0 % as it says" in shown
    assert not Publication.objects.exists()
