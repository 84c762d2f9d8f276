"""Notices, how their deliveries went, and where they go."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from accounts.permissions import Action, allows
from notices import queries
from notices.models import Delivery, WebhookTarget
from notices.operations import add_target, change_target, choose_mail, rotate_secret, send_again, send_test
from web.forms.notices import NewTargetForm, TargetForm
from web.guards import button_for, form_for, page_for
from web.http import carry_out_or_say, page_of, person, submitted

NEW_SECRET = "new_webhook_secret"


@page_for(Action.SEE_NOTICES)
def notices(request: HttpRequest) -> HttpResponse:
    only_given_up = request.GET.get("show") == "given-up"
    context = {
        "page": page_of(request, queries.notices(only_given_up=only_given_up), size=25),
        "only_given_up": only_given_up,
        "may_manage": allows(actor=person(request), action=Action.MANAGE_NOTICES),
        "mail_leaves_us": queries.mail_leaves_us(),
    }
    return render(request, "web/notices.html", context)


@button_for(Action.MANAGE_NOTICES)
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.select_related("person", "target"), pk=pk)
    if carry_out_or_say(request, lambda: send_again(actor=person(request), delivery=delivery)):
        messages.success(request, f"Sending to {delivery.recipient} again.")
    return redirect("notices")


@form_for(Action.MANAGE_NOTICES)
def targets(request: HttpRequest) -> HttpResponse:
    form = NewTargetForm(request.POST or None)
    added = submitted(form, lambda: add_target(actor=person(request), **form.cleaned_data))
    if added:
        return _show_secret(request, added)
    page = page_of(request, WebhookTarget.objects.select_related("created_by").order_by("-is_active", "name"))
    return render(request, "web/webhook_targets.html", {"form": form, "page": page})


@form_for(Action.MANAGE_NOTICES)
@never_cache  # it shows a new secret, once
def target(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(WebhookTarget, pk=pk)
    initial = {"name": shown.name, "url": shown.url, "is_active": shown.is_active}
    form = TargetForm(request.POST or None, initial=initial)
    changed = submitted(form, lambda: change_target(actor=person(request), target=shown, **form.cleaned_data))
    if changed:
        messages.success(request, f"{changed.name} is changed.")
        return redirect("webhook-targets")
    if form.is_bound:
        shown.refresh_from_db()
    deliveries = shown.deliveries.select_related("notice").order_by("-pk")
    context = {
        "form": form,
        "shown": shown,
        "secret": request.session.pop(NEW_SECRET, {}).get(str(shown.pk)),
        "page": page_of(request, deliveries, size=10),
    }
    return render(request, "web/webhook_target.html", context)


@button_for(Action.MANAGE_NOTICES)
def test_target(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(WebhookTarget, pk=pk)
    delivery = send_test(actor=person(request), target=shown)
    if delivery.state == Delivery.State.SENT:
        messages.success(request, f"{shown} accepted the test.")
    else:
        messages.warning(request, f"{shown} did not accept the test. {delivery.last_error}")
    return redirect("webhook-target", pk=shown.pk)


@button_for(Action.MANAGE_NOTICES)
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(WebhookTarget, pk=pk)
    return _show_secret(request, rotate_secret(actor=person(request), target=shown))


def _show_secret(request: HttpRequest, shown: WebhookTarget) -> HttpResponse:
    """Lead to the target's page, which shows the secret this one time."""
    request.session[NEW_SECRET] = {str(shown.pk): shown.secret}
    return redirect("webhook-target", pk=shown.pk)


@button_for(Action.SEE_NOTICES)
def mail_choice(request: HttpRequest) -> HttpResponse:
    chosen = choose_mail(person=person(request), wants_mail=request.POST.get("wants_mail") == "on")
    messages.success(request, "You get notices by mail." if chosen.wants_mail else "You get no more notices by mail.")
    return redirect("change-password")
