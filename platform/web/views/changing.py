"""Changing a study that is there: its name, labels and instructions, archiving it, making another like it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, allowed
from labeling.label_studio import LabelStudioRefused, LabelStudioUnreachable, update_project
from studies.editing import archive_study, change_study, duplicate_study, unarchive_study
from web.forms.studies import ChangeStudyForm, DuplicateForm
from web.http import person, study_of, submitted
from web.presenters import would_stop


@allowed(Action.CHANGE_STUDY)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = ChangeStudyForm(request.POST or None, study=study)
    changed = submitted(form, lambda: change_study(actor=person(request), study=study, **form.changes()))
    if changed:
        messages.success(request, f"“{changed.name}” is saved.")
        try:
            update_project(study=changed)
        except (LabelStudioRefused, LabelStudioUnreachable) as trouble:
            messages.warning(request, f"Label Studio gets it when examples are published next. {trouble}")
        return redirect("study", pk=pk)
    return render(request, "web/change_study.html", {"study": study, "form": form})


@allowed(Action.CREATE_STUDY)
@require_http_methods(["GET", "POST"])
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = DuplicateForm(request.POST or None, initial={"name": f"{study.name[:110]} (copy)"})
    made = submitted(form, lambda: duplicate_study(actor=person(request), study=study, **form.cleaned_data))
    if made:
        messages.success(request, f"“{made.name}” has the settings of “{study.name}”, and a budget of its own.")
        return redirect("study", pk=made.pk)
    return render(request, "web/duplicate_study.html", {"study": study, "form": form})


@allowed(Action.CHANGE_STUDY)
@require_http_methods(["GET", "POST"])
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    if request.method == "POST":
        archive_study(actor=person(request), study=study)
        messages.success(request, f"“{study.name}” is archived. It spends nothing more and keeps all it has.")
        return redirect("study", pk=pk)
    return render(request, "web/archive_study.html", {"study": study, "would_stop": would_stop(study)})


@allowed(Action.CHANGE_STUDY)
@require_POST
def unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    study = unarchive_study(actor=person(request), study=study_of(pk))
    messages.success(request, f"“{study.name}” is in the lists again. Its budget is stopped until you resume it.")
    return redirect("study", pk=pk)
