from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpRequest

from accounts.models import Role, User
from accounts.operations import change_own_password


class SignInForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "Wrong e-mail or password, or the account is switched off.",
    }

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()


class OwnPasswordForm(PasswordChangeForm):
    """A wrong old password counts as a wrong try to sign in: who finds a browser open cannot guess it either."""

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        if authenticate(self._request, username=self.user.email, password=password) != self.user:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return password

    def save(self, commit: bool = True) -> User:
        change_own_password(person=self.user, password=self.cleaned_data["new_password1"])
        return self.user


class PasswordField(forms.CharField):
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class NewPersonForm(forms.Form):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANNOTATOR)
    password = PasswordField(
        help_text="At least eight characters. Hand it over in person; they change it after signing in.",
    )


class PersonForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    is_active = forms.BooleanField(
        label="May sign in",
        required=False,
        help_text="If off, the person cannot sign in; their work and pay stay on record.",
    )
    password = PasswordField(
        label="New password",
        required=False,
        help_text="For somebody who lost theirs; it signs them out everywhere. Blank: unchanged.",
    )
