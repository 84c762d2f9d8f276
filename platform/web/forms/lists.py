"""A field for a few numbers with commas between them."""

from typing import Any

from django import forms


class NumberListField(forms.CharField):
    """Numbers with commas or spaces between; empty gives none. `placeholder` shows what then holds."""

    def __init__(self, *, number: type[int] | type[float], longest: int, placeholder: str = "", **options: Any) -> None:
        attributes = {
            "inputmode": "text",
            "autocomplete": "off",
            **({"placeholder": placeholder} if placeholder else {}),
        }
        super().__init__(widget=forms.TextInput(attrs=attributes), max_length=longest * 12, **options)
        self.number = number

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        return tuple(self._read(part) for part in text.replace(",", " ").replace(";", " ").split())

    def _read(self, part: str) -> float:
        try:
            return self.number(part)
        except ValueError:
            kind = "whole number" if self.number is int else "number"
            message = f"“{part}” is not a {kind}. Write numbers separated by commas, with a point for fractions."
            raise forms.ValidationError(message) from None
