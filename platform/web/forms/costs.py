from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Origin, Path, Price, Tally
from reports.costs import CostFilter, DayPeriod, Grouping, names_of
from runs.models import Run
from studies.models import Study
from web.forms.fields import MonthField, PlainSelect, check_order, day_field

# In an address: what has no path, no annotator or no run.
NONE = "none"
_EMPTY = {Grouping.PATH: "", Grouping.ANNOTATOR: None, Grouping.RUN: ""}
_MONTHS = ("first_month", "last_month")


class CostFilterForm(forms.Form):
    """Which costs to show, and by what to sum them. An empty field asks nothing."""

    by = forms.ChoiceField(label="Sum by", choices=Grouping.choices, required=False, widget=PlainSelect)
    study = forms.ChoiceField(required=False, widget=PlainSelect)
    path = forms.ChoiceField(
        required=False, widget=PlainSelect, choices=[("", "Any"), *Path.choices, (NONE, "No path")]
    )
    kind = forms.ChoiceField(required=False, widget=PlainSelect, choices=[("", "Any"), *CostKind.choices])
    annotator = forms.ChoiceField(required=False, widget=PlainSelect)
    origin = forms.ChoiceField(required=False, widget=PlainSelect, choices=[("", "Any"), *Origin.choices])
    first_month = MonthField(label="From month (UTC)", required=False)
    last_month = MonthField(label="To month (UTC)", required=False)
    run = forms.RegexField(r"^(none|run:\d{1,18})$", required=False, widget=forms.HiddenInput)
    price = forms.IntegerField(min_value=1, max_value=2**62, required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, study: Study | None = None) -> None:
        usual = Grouping.KIND if study else Grouping.STUDY
        super().__init__({**data.dict(), "by": data.get("by") or usual.value})
        self.of_study = study
        if study is not None:
            del self.fields["study"]
            self.fields["by"].choices = [pair for pair in Grouping.choices if pair[0] != Grouping.STUDY]  # type: ignore[attr-defined]
        else:
            self.fields["study"].choices = [("", "Any"), *_budgets()]  # type: ignore[attr-defined]
        people = [("", "Anybody"), (NONE, "Nobody: compute and fees"), *_annotators()]
        self.fields["annotator"].choices = people  # type: ignore[attr-defined]

    def clean_run(self) -> str:
        run = str(self.cleaned_data["run"])
        if run not in ("", NONE) and not Run.objects.filter(pk=int(run.removeprefix("run:"))).exists():
            raise forms.ValidationError(f"There is no {run.replace(':', ' ')}. Choose one on the page of runs.")
        return run

    def clean_price(self) -> int | None:
        price: int | None = self.cleaned_data["price"]
        if price is not None and not Price.objects.filter(pk=price).exists():
            raise forms.ValidationError(f"There is no price {price}. Choose one on the page of prices.")
        return price

    def clean(self) -> None:
        check_order(self, *_MONTHS)

    @property
    def grouping(self) -> Grouping:
        return Grouping(self.cleaned_data["by"])

    def wanted(self) -> CostFilter:
        values = self.cleaned_data
        where: dict[Grouping, Any] = {
            by: _key(by, values[by]) for by in Grouping if by in values and values[by] not in ("", None)
        }
        if self.of_study is not None:
            where[Grouping.STUDY] = self.of_study.budget_id
        return CostFilter(where=where, first_month=values["first_month"], last_month=values["last_month"])

    def carried(self) -> list[tuple[str, str, str]]:
        """Filters that have no field on the page: what they are, what they ask for, and the address without them."""
        wanted = self.wanted()
        found = []
        for by in (Grouping.RUN, Grouping.PRICE):
            if by in wanted.where:
                key = wanted.where[by]
                without = replace(wanted, where={one: value for one, value in wanted.where.items() if one != by})
                found.append((str(by.label), names_of(by=by, keys=[key])[key], self.query(without)))
        return found

    def query(self, wanted: CostFilter, *, by: Grouping | None = None) -> str:
        """An address's question for a filter; the study's own pages need no study in it."""
        pairs = [] if by is None else [("by", by.value)]
        for one, key in wanted.where.items():
            if not (one == Grouping.STUDY and self.of_study is not None):
                pairs.append((one.value, NONE if key in ("", None) else str(key)))
        months = ((name, getattr(wanted, name)) for name in _MONTHS)
        pairs += [(name, f"{month:%Y-%m}") for name, month in months if month is not None]
        return urlencode(pairs)


def _key(by: Grouping, value: Any) -> Any:
    if value == NONE:
        return _EMPTY[by]
    return int(value) if by in (Grouping.STUDY, Grouping.ANNOTATOR) else value


def _budgets() -> list[tuple[str, str]]:
    names = names_of(by=Grouping.STUDY, keys=Budget.objects.values_list("pk", flat=True))
    return sorted(((str(key), name) for key, name in names.items()), key=lambda pair: pair[1].lower())


def _annotators() -> list[tuple[str, str]]:
    paid = User.objects.filter(pk__in=Tally.objects.order_by().values("payee").distinct())
    return [
        (str(pk), f"{name} ({email})") for pk, name, email in paid.order_by("name").values_list("pk", "name", "email")
    ]


class StatementForm(forms.Form):
    first = day_field("From day (UTC)")
    last = day_field("To day (UTC)")

    def clean(self) -> None:
        check_order(self, "first", "last")
        if self.cleaned_data.get("last") == date.max:
            self.add_error("last", "No day comes after this one. Choose an earlier day.")

    def days(self) -> DayPeriod:
        return DayPeriod(first=self.cleaned_data["first"], last=self.cleaned_data["last"])
