from typing import Any

from django import forms

from connections.models import MOST_CONCURRENT, Connection, Outputs


class ConnectionForm(forms.Form):
    """What may change of a connection. A blank key keeps the one that is there."""

    key = forms.CharField(
        label="Key",
        max_length=4000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Encrypted, and never shown again. Blank: unchanged, or none.",
    )
    outputs = forms.ChoiceField(
        label="By its terms",
        choices=Outputs.choices,
        initial=Outputs.UNKNOWN,
        help_text="Must be stated before its answers train a student.",
    )
    terms = forms.CharField(
        label="Terms", max_length=500, required=False, help_text="Where they say so: a link, a section, a date."
    )
    concurrency = forms.IntegerField(
        label="Requests at a time", min_value=1, max_value=MOST_CONCURRENT, initial=4, help_text="Of all runs together."
    )
    requests_per_minute = forms.IntegerField(
        label="Requests per minute",
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text="Blank: as fast as the server answers.",
    )
    timeout_seconds = forms.IntegerField(
        label="Seconds for an answer",
        min_value=1,
        max_value=600,
        initial=60,
        help_text="One that takes longer is paid at its bound.",
    )


class NewConnectionForm(ConnectionForm):
    name = forms.CharField(
        max_length=40, help_text="Short, such as gpt-small: prices of its tokens go by it. It never changes."
    )
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Up to and without /chat/completions, such as https://api.example.com/v1. It never changes.",
    )
    model = forms.CharField(max_length=200, help_text="As the server names it. It never changes.")
    field_order = ("name", "url", "model")


class ChangeConnectionForm(ConnectionForm):
    is_active = forms.BooleanField(
        label="Switched on", required=False, help_text="Switched off, no new run may ask it."
    )


def initial_of(connection: Connection) -> dict[str, Any]:
    """What a connection is now, without its key."""
    names = ("outputs", "terms", "concurrency", "requests_per_minute", "timeout_seconds", "is_active")
    return {name: getattr(connection, name) for name in names}
