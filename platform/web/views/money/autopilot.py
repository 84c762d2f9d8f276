"""A study's autopilot: its settings, what it would do next, and what it bought."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import Action
from reports.autopilot import autopilot_of, status_of, switch_off, switch_on
from web.forms.autopilot import AutopilotForm, values_of
from web.guards import button_for, form_for
from web.http import carry_out_or_say, person, study_of, submitted


@form_for(Action.USE_AUTOPILOT)
def autopilot(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    found = autopilot_of(study)
    form = AutopilotForm(request.POST or None, initial=values_of(found))
    if submitted(form, lambda: switch_on(actor=person(request), study=study, settings=form.settings())):
        messages.success(request, "The autopilot is on, with these settings.")
        return redirect("autopilot", pk=study.pk)
    context = {"study": study, "form": form, "status": status_of(found) if found else None}
    return render(request, "web/autopilot.html", context)


@button_for(Action.USE_AUTOPILOT)
def autopilot_off(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    if carry_out_or_say(request, lambda: switch_off(actor=person(request), study=study)):
        messages.success(request, "The autopilot is off. What it started goes on; runs are cancelled on their pages.")
    return redirect("autopilot", pk=study.pk)
