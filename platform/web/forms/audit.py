from typing import Any

from django import forms

from accounts.queries import AuditFilter, recorded_actions, recorded_actors
from studies.models import Study
from web.forms.fields import check_order, day_field
from web.presenters import action_in_words

FULCRUM = "fulcrum"


class AuditFilterForm(forms.Form):
    """What to show of the audit trail; an empty field asks nothing."""

    who = forms.ChoiceField(required=False)
    action = forms.ChoiceField(label="Action", required=False)
    study = forms.ModelChoiceField(Study.objects.order_by("name"), required=False, empty_label="Any or none")
    subject = forms.CharField(label="Subject contains", required=False, max_length=100)
    since = day_field("From day (UTC)", required=False)
    until = day_field("To day (UTC)", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(one.pk), f"{one.name} ({one.email})") for one in recorded_actors()]
        actions = [(key, action_in_words(key)) for key in recorded_actions()]
        self.fields["who"].choices = [("", "Anybody"), (FULCRUM, "Fulcrum itself"), *people]  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", "Anything"), *actions]  # type: ignore[attr-defined]

    def clean(self) -> None:
        check_order(self, "since", "until")

    def wanted(self) -> AuditFilter:
        values = self.cleaned_data
        who, study = values["who"], values["study"]
        return AuditFilter(
            actor_id=int(who) if who.isdecimal() else None,
            by_fulcrum=who == FULCRUM,
            action=values["action"],
            subject=values["subject"],
            budget_id=study.budget_id if study else None,
            first_day=values["since"],
            last_day=values["until"],
        )
