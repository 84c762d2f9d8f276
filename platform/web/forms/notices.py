from django import forms


class NewTargetForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What it is called here, such as the channel it posts to.")
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text="https:// or http://, also inside a private network. For Slack, an incoming webhook's URL.",
    )


class TargetForm(NewTargetForm):
    is_active = forms.BooleanField(
        label="Switched on",
        required=False,
        help_text="Switched off, it gets no new notices, and its pending deliveries are given up.",
    )
