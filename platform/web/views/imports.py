"""From a file to examples: upload, preview, confirm; and undo."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.permissions import Action
from labeling.withdraw import withdraw_labelled_of
from studies.imports import (
    DraftPreview,
    FileUnreadable,
    ImportOptions,
    ImportSummary,
    ask_import,
    ask_preview,
    draft_import,
    file_columns,
    import_examples,
    is_large,
    preview_import,
    propose_options,
    summarise,
    undo_import,
)
from studies.models import ImportBatch, ImportJob
from studies.queries import awaiting_annotation
from tables.table import counted
from web.forms.examples import EncodingForm, OptionsForm, UndoForm, UploadForm, values_of
from web.guards import form_for, page_for
from web.http import carry_out, person, study_of, submitted

State = ImportJob.State
GOOD_ROWS = "good_rows"


@form_for(Action.IMPORT_EXAMPLES)
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    study, actor = study_of(pk), person(request)
    form = UploadForm(request.POST or None, request.FILES or None)

    def draft() -> ImportBatch:
        file = form.cleaned_data["file"]
        return draft_import(actor=actor, study=study, file_name=file.name, content=file)

    batch = submitted(form, draft)
    if batch:
        return redirect("import-preview", pk=study.pk, batch_pk=batch.pk)
    optional = study.definition.optional_fields
    context = {
        "study": study,
        "form": form,
        "needed_fields": [name for name in study.definition.input_fields if name not in optional],
        "optional_fields": optional,
        "label_form": study.definition.in_a_file,
    }
    return render(request, "web/import_upload.html", context)


@form_for(Action.IMPORT_EXAMPLES)
def preview(request: HttpRequest, pk: int, batch_pk: int) -> HttpResponse:
    """Preview a draft as its columns are chosen; the button that confirms does exactly what was shown."""
    batch = _batch(pk, batch_pk)
    if batch.state != ImportBatch.State.DRAFT:
        messages.info(request, f"{outcome_of(batch)} Upload it again to import it again.")
        return redirect("study-data", pk=pk)
    return _by_worker(request, batch) if is_large(batch) else _at_once(request, batch)


@page_for(Action.IMPORT_EXAMPLES)
def progress(request: HttpRequest, pk: int, batch_pk: int) -> HttpResponse:
    """How far the worker is; once it is done, the page that polls is reloaded."""
    batch = _batch(pk, batch_pk)
    job = ImportJob.objects.filter(batch=batch).first()
    response = render(request, "web/import_progress.html", {"study": batch.study, "batch": batch, "job": job})
    if job is None or job.state not in ImportJob.ACTIVE:
        response["HX-Refresh"] = "true"
    return response


@form_for(Action.IMPORT_EXAMPLES)
def undo(request: HttpRequest, pk: int, batch_pk: int) -> HttpResponse:
    batch = _batch(pk, batch_pk)
    form = UndoForm(request.POST if request.method == "POST" else None)
    undone = submitted(form, lambda: undo_import(actor=person(request), batch=batch))
    if undone is not None:
        messages.success(request, f"The import of {undone.file_name} is undone: its examples and labels are removed.")
        return redirect("study-data", pk=pk)
    found = {"study": batch.study, "batch": batch, "num_replaced": batch.replaced_labels.count(), "form": form}
    return render(request, "web/import_undo.html", found)


def outcome_of(batch: ImportBatch) -> str:
    if batch.state == ImportBatch.State.UNDONE:
        return f"The import of {batch.file_name} was undone."
    parts = [f"{counted(batch.num_created, 'example')} imported from {batch.file_name}"]
    if batch.num_late_labels:
        parts.append(f"{counted(batch.num_late_labels, 'label')} added to examples without one")
    parts.append(counted(batch.num_duplicates, "duplicate"))
    if batch.num_other_splits:
        parts.append(f"{counted(batch.num_other_splits, 'row')} with another split than its example has, which stays")
    if batch.num_skipped:
        parts.append(f"{counted(batch.num_skipped, 'row')} with errors left out")
    return "; ".join(parts) + "."


def _batch(pk: int, batch_pk: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.select_related("study"), pk=batch_pk, study_id=pk)


def _at_once(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    values = request.POST or request.GET
    try:
        proposed = propose_options(batch=batch, encoding=values.get("encoding", "utf-8"))
        columns = file_columns(batch=batch, encoding=proposed.encoding)
    except FileUnreadable as problem:
        return _unreadable(request, batch, str(problem))
    form = _form(request, batch, proposed, columns)
    if "confirm" in request.POST and _confirmed(request, batch, form):
        return redirect("study-data", pk=batch.study_id)
    found = carry_out(form, lambda: preview_import(batch=batch, options=form.options()))
    return _choose(request, batch, form, summarise(found) if found else None, preview=found)


def _by_worker(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """The same for a large file: a worker does it, and the page shows how far it is."""
    if "encoding" in request.GET:
        ask_preview(actor=person(request), batch=batch, encoding=request.GET["encoding"])
        return redirect("import-preview", pk=batch.study_id, batch_pk=batch.pk)
    job = ImportJob.objects.filter(batch=batch).first() or ask_preview(actor=person(request), batch=batch)
    if job.state in ImportJob.ACTIVE:
        return render(request, "web/import_waiting.html", {"study": batch.study, "batch": batch, "job": job})
    if not job.outcome:
        return _unreadable(request, batch, job.problem)
    known = ImportSummary(**job.outcome)
    form = _form(request, batch, ImportOptions(**job.options or known.options), known.columns)
    if request.method == "POST":
        if "confirm" in request.POST:
            ask_import(**_confirmation(request, batch, form))
        else:
            ask_preview(actor=person(request), batch=batch, options=form.options())
        return redirect("import-preview", pk=batch.study_id, batch_pk=batch.pk)
    if job.problem:
        form.add_error(None, job.problem)
    return _choose(request, batch, form, known if job.state == State.DONE else None)


def _confirmed(request: HttpRequest, batch: ImportBatch, form: OptionsForm) -> bool:
    """Import as the form says, if that was previewed; False where it was refused, with the reason on the form."""
    done = carry_out(form, lambda: import_examples(**_confirmation(request, batch, form)))
    if done is None:
        return False
    messages.success(request, outcome_of(done))
    _withdraw(request, done)
    return True


def _withdraw(request: HttpRequest, batch: ImportBatch) -> None:
    """Withdraw what has a label now; where Label Studio is in trouble, the schedule does it."""
    if not batch.num_late_labels:
        return
    done = withdraw_labelled_of(study=batch.study)
    if done.error:
        messages.warning(
            request, f"Published examples that have a label now are withdrawn as soon as possible. {done.error}"
        )
    if done.num_examples:
        messages.info(
            request, f"{done.num_examples:,} of them were published: they are withdrawn and their money is released."
        )
    if done.num_kept:
        messages.info(request, f"{done.num_kept:,} annotations are in progress; they are accepted and paid.")


def _confirmation(request: HttpRequest, batch: ImportBatch, form: OptionsForm) -> dict[str, Any]:
    """The arguments of an import as the page confirms it."""
    return {
        "actor": person(request),
        "batch": batch,
        "options": form.options(),
        "skip_bad_rows": request.POST["confirm"] == GOOD_ROWS,
        # Who saw no preview confirms nothing.
        "expected_digest": request.POST.get("digest", "") or "none",
    }


def _form(request: HttpRequest, batch: ImportBatch, proposed: ImportOptions, columns: Sequence[str]) -> OptionsForm:
    """The choice of columns: as it was sent, else as proposed."""
    values = request.POST or request.GET
    sent = values if "label_column" in values else values_of(proposed)
    definition = batch.study.definition
    form = OptionsForm(sent, input_fields=definition.input_fields, optional_fields=definition.optional_fields)
    form.set_columns(columns)
    form.is_valid()
    return form


def _choose(
    request: HttpRequest,
    batch: ImportBatch,
    form: OptionsForm,
    summary: ImportSummary | None,
    preview: DraftPreview | None = None,
) -> HttpResponse:
    """Show the preview for the chosen options, with the form to change them."""
    awaiting = awaiting_annotation(batch.study)
    context = {
        "study": batch.study,
        "batch": batch,
        "form": form,
        "preview": preview,
        "summary": summary,
        "num_awaiting": awaiting.filter(content_hash__in=summary.relabelled).count() if summary else 0,
        "confirms": GOOD_ROWS if summary and summary.num_errors else "all",
    }
    return render(request, "web/import_preview.html", context)


def _unreadable(request: HttpRequest, batch: ImportBatch, problem: str) -> HttpResponse:
    form = EncodingForm(initial={"encoding": request.GET.get("encoding", "utf-8")})
    context = {"study": batch.study, "batch": batch, "form": form, "problem": problem}
    return render(request, "web/import_unreadable.html", context)
