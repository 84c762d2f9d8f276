import uuid

from django import forms

from studies.models import Split


class PublishForm(forms.Form):
    split = forms.ChoiceField(
        label="From", choices=Split.choices, help_text="Only examples without a label that are not published yet."
    )
    num_examples = forms.IntegerField(label="How many", min_value=1, max_value=100_000)
    request_key = forms.CharField(
        max_length=64, required=False, initial=lambda: str(uuid.uuid4()), widget=forms.HiddenInput
    )
