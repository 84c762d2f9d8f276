"""Signing in, and the people an admin looks after."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from accounts.addresses import client_address
from accounts.models import User
from accounts.operations import change_person, create_person, unlock_sign_in
from accounts.permissions import Action, allowed
from accounts.sign_in import locks
from web.forms.accounts import NewPersonForm, OwnPasswordForm, PersonForm, SignInForm
from web.guards import button_for, form_for
from web.http import page_of, person, submitted


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


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict[str, str]) -> HttpResponse:
    """What sign-in answers after too many wrong passwords, whether there is such an account or not."""
    now, address = timezone.now(), client_address(request) or "no address"
    ends_at = next((one.ends_at for one in locks(email=credentials["username"]) if one.address == address), now)
    seconds = max(int((ends_at - now).total_seconds()), 1)
    page = render(request, "web/sign_in_locked.html", {"ends_at": ends_at, "seconds": seconds}, status=429)
    page["Retry-After"] = str(seconds)
    return page


class ChangePassword(auth_views.PasswordChangeView):
    template_name = "web/change_password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("home")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed; other devices are signed out.")
        return super().form_valid(form)


change_password = allowed(Action.SEE_HOME)(ChangePassword.as_view())


@form_for(Action.MANAGE_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    created = submitted(form, lambda: create_person(actor=person(request), **form.cleaned_data))
    if created:
        messages.success(request, f"{created.name} can sign in as {created.email} now.")
        return redirect("people")
    page = page_of(request, User.objects.order_by("-is_active", "name"))
    return render(request, "web/people.html", {"form": form, "page": page})


@form_for(Action.MANAGE_PEOPLE)
def one_person(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    initial = {"role": shown.role, "is_active": shown.is_active}
    form = PersonForm(request.POST or None, initial=initial)
    changed = submitted(form, lambda: change_person(actor=person(request), person=shown, **form.cleaned_data))
    if changed:
        messages.success(request, f"{changed.name} is changed.")
        return redirect("people")
    return render(request, "web/person.html", {"form": form, "shown": shown, "locks": locks(email=shown.email)})


@button_for(Action.MANAGE_PEOPLE)
def unlock_person(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    unlock_sign_in(actor=person(request), person=shown)
    messages.success(request, f"{shown.name} can try to sign in again now.")
    return redirect("person", pk=pk)
