"""At which price of a label which source is the cheapest, with prices that are only asked about."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.permissions import Action
from reports.what_if import what_if
from studies.models import PayBasis
from web.forms.language_models.what_if import WhatIfForm
from web.guards import page_for
from web.http import study_of
from web.presenters import label_price


@page_for(Action.SEE_REPORT)
def what_if_page(request: HttpRequest, pk: int) -> HttpResponse:
    study, form = study_of(pk), WhatIfForm(request.GET or None)
    is_asked = form.is_valid()
    found = what_if(
        study=study,
        target=form.score() if is_asked else None,
        token_prices=form.token_prices() if is_asked else {},
    )
    # What an hour costs is no price of a label.
    price = label_price(study) if study.pay_basis == PayBasis.PER_LABEL else None
    today = price.rate if price else None
    best = None if today is None else found.best_at(today)
    context = {"study": study, "form": form, "found": found, "today": today, "best": best}
    return render(request, "web/what_if.html", context)
