"""Signing in, and the people an admin looks after."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User
from accounts.operations import change_person, create_person
from accounts.permissions import Action, allowed
from web.forms.accounts import NewPersonForm, OwnPasswordForm, PersonForm, SignInForm
from web.paging import page_of
from web.people import person
from web.problems import carry_out


class SignIn(auth_views.LoginView):
    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # A live part whose session ended must bring the whole page here, not the form into its own place.
        if getattr(request, "htmx", False):
            return HttpResponseClientRefresh()
        return super().dispatch(request, *args, **kwargs)


sign_in = SignIn.as_view()
sign_out = auth_views.LogoutView.as_view()


class ChangePassword(auth_views.PasswordChangeView):
    template_name = "web/change_password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("home")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed; other devices are signed out.")
        return super().form_valid(form)


change_password = allowed(Action.SEE_HOME)(ChangePassword.as_view())


@allowed(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        created = carry_out(form, lambda: create_person(actor=person(request), **form.cleaned_data))
        if created:
            messages.success(request, f"{created.name} can sign in as {created.email} now.")
            return redirect("people")
    page = page_of(request, User.objects.order_by("-is_active", "name"))
    return render(request, "web/people.html", {"form": form, "page": page})


@allowed(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def one_person(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    initial = {"role": shown.role, "is_active": shown.is_active}
    form = PersonForm(request.POST or None, initial=initial, person=shown)
    if request.method == "POST" and form.is_valid():
        changed = carry_out(form, lambda: change_person(actor=person(request), person=shown, **form.cleaned_data))
        if changed:
            messages.success(request, f"{changed.name} is changed.")
            return redirect("people")
    return render(request, "web/person.html", {"form": form, "shown": shown})
