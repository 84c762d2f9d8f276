from decimal import Decimal

from django import forms

from budgets.cost_kinds import CostKind


def _price_field(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_digits=12, decimal_places=8, required=False, help_text=help_text
    )


class WhatIfForm(forms.Form):
    """Prices that are only asked about: nothing is set or charged by them."""

    target = forms.DecimalField(
        label="Score to reach, %",
        min_value=Decimal(0),
        max_value=Decimal(100),
        required=False,
        help_text="Blank: what every source reaches.",
    )
    input_tokens = _price_field("1,000 input tokens", "Blank: as paid.")
    cached_tokens = _price_field("1,000 cached input tokens", "Blank: as other input.")
    output_tokens = _price_field("1,000 output tokens", "Blank: as paid.")

    def token_prices(self) -> dict[CostKind, Decimal]:
        """The prices that were given; cached input, without one of its own, at that of input."""
        values = self.cleaned_data
        given = {kind: values.get(kind.value) for kind in (CostKind.INPUT_TOKENS, CostKind.OUTPUT_TOKENS)}
        cached = values.get(CostKind.CACHED_TOKENS.value)
        given[CostKind.CACHED_TOKENS] = given[CostKind.INPUT_TOKENS] if cached is None else cached
        return {kind: price for kind, price in given.items() if price is not None}

    def score(self) -> float | None:
        target = self.cleaned_data.get("target")
        return None if target is None else float(target) / 100
