"""Connections to language models: who is asked, at what limits, by which terms, and what the server can do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.permissions import Action
from connections.models import Connection
from connections.operations import add_connection, change_connection, run_self_test
from connections.queries import outcomes_of, prices_of
from connections.wording import abilities_text
from web.forms.language_models.connections import ChangeConnectionForm, NewConnectionForm, initial_of
from web.guards import button_for, form_for
from web.http import carry_out_or_say, page_of, person, submitted


@form_for(Action.MANAGE_CONNECTIONS)
def connections(request: HttpRequest) -> HttpResponse:
    form = NewConnectionForm(request.POST or None)
    added = submitted(form, lambda: add_connection(actor=person(request), **form.cleaned_data))
    if added:
        messages.success(request, f"{added} is added. Test it next.")
        return redirect("connection", pk=added.pk)
    page = page_of(request, Connection.objects.order_by("-is_active", "name"))
    return render(request, "web/connections.html", {"form": form, "page": page})


@form_for(Action.MANAGE_CONNECTIONS)
def connection(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Connection.objects.select_related("created_by"), pk=pk)
    form = ChangeConnectionForm(request.POST or None, initial=initial_of(shown))
    changed = submitted(form, lambda: change_connection(actor=person(request), connection=shown, **form.cleaned_data))
    if changed:
        messages.success(request, f"{changed} is changed.")
        return redirect("connection", pk=pk)
    context = {
        "form": form,
        "shown": shown,
        "abilities": abilities_text(shown),
        "prices": prices_of(shown),
        "outcomes": outcomes_of(shown),
    }
    return render(request, "web/connection.html", context)


@button_for(Action.MANAGE_CONNECTIONS)
def test_connection(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Connection, pk=pk)
    tested = carry_out_or_say(request, lambda: run_self_test(actor=person(request), connection=shown))
    if tested:
        say = messages.success if tested.abilities.get("answers") else messages.warning
        say(request, abilities_text(tested))
    return redirect("connection", pk=pk)
