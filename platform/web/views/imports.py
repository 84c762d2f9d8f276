"""From a file to examples: upload, preview, confirm."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import Action, allowed
from studies.files import FileUnreadable
from studies.importing import ColumnsWrong, ImportOptions
from studies.models import ImportBatch, Study
from studies.operations import Preview, draft_import, import_examples, preview_import, propose_options
from studies.task_types import DESCRIPTIONS, input_fields
from web.forms.imports import EncodingForm, OptionsForm, UploadForm, values_of
from web.people import person
from web.problems import carry_out

SHOWN_ERRORS = 50


@allowed(Action.IMPORT_EXAMPLES)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study, pk=pk)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        batch = carry_out(
            form, lambda: draft_import(actor=person(request), study=study, file_name=file.name, content=file)
        )
        if batch:
            return redirect("import-preview", pk=study.pk, batch_pk=batch.pk)
    context = {
        "study": study,
        "form": form,
        "input_fields": input_fields(study.task_type),
        "label_form": DESCRIPTIONS[study.task_type].in_a_file,
    }
    return render(request, "web/import_upload.html", context)


@allowed(Action.IMPORT_EXAMPLES)
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, pk: int, batch_pk: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch.objects.select_related("study"), pk=batch_pk, study_id=pk)
    if batch.state == ImportBatch.State.IMPORTED:
        messages.info(request, f"{batch.file_name} was imported already. Upload it again to import it again.")
        return redirect("study-data", pk=pk)
    values = request.POST or request.GET
    try:
        proposed = propose_options(batch=batch, encoding=values.get("encoding", "utf-8"))
        default = None if "label_column" in values else preview_import(batch=batch, options=proposed)
    except (FileUnreadable, ColumnsWrong) as problem:
        return _unreadable(request, batch, problem)
    form = OptionsForm(values if default is None else values_of(proposed), input_fields=tuple(proposed.columns))
    form.is_valid()
    if request.method == "POST" and default is None and _confirm(request, batch, form):
        return redirect("study-data", pk=pk)
    return _choose(request, batch, form, default)


def _confirm(request: HttpRequest, batch: ImportBatch, form: OptionsForm) -> bool:
    """Import as the form says; False where it was refused, with the reason on the form."""
    skip = "good_rows_only" in request.POST
    done = carry_out(
        form,
        lambda: import_examples(actor=person(request), batch=batch, options=form.options(), skip_bad_rows=skip),
    )
    if done is None:
        return False
    skipped = f", {done.num_skipped:,} rows with errors skipped" if done.num_skipped else ""
    counts = f"{done.num_created:,} example{'s' * (done.num_created != 1)} imported from {done.file_name}; "
    counts += f"{done.num_duplicates:,} duplicate{'s' * (done.num_duplicates != 1)}"
    messages.success(request, f"{counts}{skipped}.")
    return True


def _choose(request: HttpRequest, batch: ImportBatch, form: OptionsForm, default: Preview | None) -> HttpResponse:
    """Preview the import with the chosen options, and show the form to change them."""
    shown = default or carry_out(form, lambda: preview_import(batch=batch, options=form.options()))
    columns = shown.columns if shown else _columns(batch, form.options())
    form.offer(columns)
    context = {
        "study": batch.study,
        "batch": batch,
        "form": form,
        "preview": shown,
        "columns": columns,
        "rows": [[row.get(name, "") for name in columns] for row in shown.first_rows] if shown else [],
        "errors": shown.checked.errors[:SHOWN_ERRORS] if shown else [],
    }
    return render(request, "web/import_preview.html", context)


def _columns(batch: ImportBatch, options: ImportOptions) -> tuple[str, ...]:
    """The file's header, also where the chosen mapping does not fit it."""
    proposed = propose_options(batch=batch, encoding=options.encoding)
    return preview_import(batch=batch, options=proposed).columns


def _unreadable(request: HttpRequest, batch: ImportBatch, problem: ValueError) -> HttpResponse:
    form = EncodingForm(initial={"encoding": request.GET.get("encoding", "utf-8")})
    context = {"study": batch.study, "batch": batch, "form": form, "problem": problem}
    return render(request, "web/import_unreadable.html", context)
