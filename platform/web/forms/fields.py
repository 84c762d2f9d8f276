"""Fields that several forms have."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString


def amount_field(**options: Any) -> forms.CharField:
    return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options)


def day_field(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


def check_order(form: forms.Form, first: str, last: str) -> None:
    values = form.cleaned_data
    begins, ends = values.get(first), values.get(last)
    if begins and ends and ends < begins:
        written, unit = (f"{begins:%Y-%m}", "month") if isinstance(form.fields[last], MonthField) else (begins, "day")
        form.add_error(last, f"This is before {written}, the {unit} it begins with. Choose a later {unit}.")


class PlainSelect(forms.Select):
    """A select of hundreds of options. The library's own asks a template for each of them, which is most of a page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(one) for one in self.format_value(value)}
        options = "".join(
            f'<option value="{escape(key)}"{" selected" if str(key) in chosen else ""}>{escape(label)}</option>'
            for key, label in self.choices
        )
        given = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        return format_html("<select{}>{}</select>", flatatt(given), SafeString(options))


class _MonthInput(forms.TextInput):
    """A month as browsers pick it; where one cannot, text of the same form."""

    input_type = "month"


class MonthField(forms.CharField):
    """The first day of a month; None where it is blank."""

    widget = _MonthInput(attrs={"placeholder": "YYYY-MM"})

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        if not text:
            return None
        try:
            return datetime.strptime(f"{text}-01", "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            raise forms.ValidationError(f"{text!r} is not a month. Write it as 2026-07.") from None


class NumberListField(forms.CharField):
    """Numbers with commas or spaces between; empty gives none. `placeholder` shows what then holds."""

    def __init__(self, *, number: type[int] | type[float], longest: int, placeholder: str = "", **options: Any) -> None:
        attributes = {"inputmode": "text", "autocomplete": "off"}
        if placeholder:
            attributes["placeholder"] = placeholder
        super().__init__(widget=forms.TextInput(attrs=attributes), max_length=longest * 12, **options)
        self.number = number

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        return tuple(self._read(part) for part in text.replace(",", " ").replace(";", " ").split())

    def _read(self, part: str) -> float:
        try:
            return self.number(part)
        except ValueError:
            noun = "whole number" if self.number is int else "number"
            message = f"“{part}” is not a {noun}. Write numbers separated by commas, with a point for fractions."
            raise forms.ValidationError(message) from None
