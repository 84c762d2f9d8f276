"""Home, and a study: create, change, duplicate and archive it, see its state and its data."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import Action, allows
from budgets.models import PriceBook
from budgets.overviews import totals_by_currency
from labeling.label_studio import LabelStudioRefused, LabelStudioUnreachable, update_project
from labeling.queries import work_waiting
from runs.models import Run
from runs.results import NamesScore, score_label_names
from studies.editing import archive_study, change_study, create_study, duplicate_study, unarchive_study, with_labels
from studies.exports import WRITERS, export_examples
from studies.models import Example, Split, Study
from studies.queries import label_counts, split_counts, with_label, without_any
from web.forms.studies import KEPT_FIELDS, ChangeStudyForm, DuplicateForm, StudyForm
from web.guards import button_for, form_for, page_for
from web.http import page_of, person, stream, study_of, submitted
from web.presenters import study_rows, would_stop

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


@page_for(Action.SEE_HOME)
def home(request: HttpRequest) -> HttpResponse:
    actor = person(request)
    context: dict[str, Any] = {"waiting": work_waiting(actor)}
    if not allows(actor=actor, action=Action.SEE_STUDY):
        return render(request, "web/home_annotator.html", context)
    shows_archived = request.GET.get("show") == "archived"
    archived = Study.objects.filter(archived_at__isnull=False)
    studies = archived if shows_archived else Study.objects.filter(archived_at__isnull=True)
    page = page_of(request, studies.select_related("budget").order_by("-created_at"), size=20)
    context |= {
        "page": page,
        "rows": study_rows(page),
        "totals": totals_by_currency(),
        "num_archived": archived.count(),
        "shows_archived": shows_archived,
    }
    return render(request, "web/home.html", context)


@form_for(Action.CREATE_STUDY)
def create(request: HttpRequest) -> HttpResponse:
    typed = {name: request.GET[name] for name in KEPT_FIELDS if name in request.GET}
    form = StudyForm(request.POST or None, task_type=request.GET.get("task_type", ""), initial=typed)
    if getattr(request, "htmx", False):
        return render(request, "web/study_kind_parts.html", {"form": form})
    study = submitted(form, lambda: create_study(actor=person(request), spec=form.spec()))
    if study:
        messages.success(request, f"“{study.name}” created. Next: import its data.")
        return redirect("study", pk=study.pk)
    return render(request, "web/create_study.html", {"form": form, "has_books": PriceBook.objects.exists()})


@form_for(Action.CHANGE_STUDY)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = ChangeStudyForm(request.POST or None, study=study)
    if "measure" in request.POST:
        return _measured(request, study, form)
    changed = submitted(form, lambda: change_study(actor=person(request), study=study, **form.changes()))
    if changed:
        messages.success(request, f"“{changed.name}” is saved.")
        try:
            update_project(study=changed)
        except (LabelStudioRefused, LabelStudioUnreachable) as trouble:
            messages.warning(request, f"Label Studio gets it when examples are published next. {trouble}")
        return redirect("study", pk=pk)
    return render(request, "web/change_study.html", {"study": study, "form": form})


def _measured(request: HttpRequest, study: Study, form: ChangeStudyForm) -> HttpResponse:
    """The same form, not saved, with what its labels come to on dev by what they say of themselves."""
    actor = person(request)

    def score() -> NamesScore:
        changes = form.changes()
        edited = with_labels(study=study, labels=changes.get("labels"), label_texts=changes.get("label_texts"))
        return score_label_names(actor=actor, study=edited)

    context = {"study": study, "form": form, "names": submitted(form, score)}
    return render(request, "web/change_study.html", context)


@form_for(Action.CREATE_STUDY)
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = DuplicateForm(request.POST or None, initial={"name": f"{study.name[:110]} (copy)"})
    made = submitted(form, lambda: duplicate_study(actor=person(request), study=study, **form.cleaned_data))
    if made:
        messages.success(request, f"“{made.name}” has the settings of “{study.name}”, and a budget of its own.")
        return redirect("study", pk=made.pk)
    return render(request, "web/duplicate_study.html", {"study": study, "form": form})


@form_for(Action.CHANGE_STUDY)
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    if request.method == "POST":
        archive_study(actor=person(request), study=study)
        messages.success(request, f"“{study.name}” is archived. It spends nothing more and keeps all it has.")
        return redirect("study", pk=pk)
    return render(request, "web/archive_study.html", {"study": study, "would_stop": would_stop(study)})


@button_for(Action.CHANGE_STUDY)
def unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    study = unarchive_study(actor=person(request), study=study_of(pk))
    messages.success(request, f"“{study.name}” is in the lists again. Its budget is stopped until you resume it.")
    return redirect("study", pk=pk)


@page_for(Action.SEE_STUDY)
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    (row,) = study_rows([study])
    context = {
        "study": study,
        "row": row,
        "counts": split_counts(study),
        "runs": Run.objects.filter(study=study).order_by("-pk")[:5],
    }
    return render(request, "web/study.html", context)


@page_for(Action.SEE_STUDY)
def data(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    split, label = request.GET.get("split", Split.POOL), request.GET.get("label", "")
    context = {
        "study": study,
        "counts": split_counts(study),
        "label_counts": label_counts(study),
        "nothing": study.definition.nothing,
        "formats": WRITERS,
        "uploads": study.import_batches.select_related("created_by", "imported_by", "undone_by").order_by("-pk")[:20],
        "splits": Split,
        "split": split,
        "label": label,
        "page": page_of(request, _examples(study, split, label), size=25),
    }
    return render(request, "web/data.html", context)


@page_for(Action.SEE_STUDY)
def data_file(request: HttpRequest, pk: int, suffix: str) -> StreamingHttpResponse:
    """What the filters leave, in the form that an import takes."""
    study = study_of(pk)
    examples = _examples(study, request.GET.get("split", ""), request.GET.get("label", ""))
    pieces = export_examples(study=study, examples=examples, suffix=suffix)
    return stream(pieces, CONTENT_TYPES[suffix], f"study-{study.pk}.{suffix}")


def _examples(study: Study, split: str, label: str) -> QuerySet[Example]:
    if split and split not in Split.values:
        raise Http404(f"There is no split {split!r}; there are {', '.join(Split.values)}.")
    rows = _labelled_so(study, label).select_related("label").order_by("split", "rank")
    return rows.filter(split=split) if split else rows


def _labelled_so(study: Study, label: str) -> QuerySet[Example]:
    if label == "none":
        return study.examples.filter(label__isnull=True)
    if label == "nothing":
        return without_any(study)
    named = label.removeprefix("is:")
    if label and named not in study.labels:
        return study.examples.none()
    return with_label(study, named) if label else study.examples.all()
