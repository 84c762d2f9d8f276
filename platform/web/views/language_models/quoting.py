"""What answers of a language model will cost, and what is sent for the first, shown before they are bought as shown."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from config.refusals import Refusal
from runs.models import LabelingJob
from runs.prompting import quote_labeling_job, start_labeling_job
from studies.hashing import digest
from studies.models import Study
from web.forms.language_models.prompts import LabelingJobForm
from web.http import SHOWN, carry_out, is_as_shown, person


def start_as_shown(
    request: HttpRequest, form: LabelingJobForm, *, quoted: Mapping[str, Any], purpose: LabelingJob.Purpose
) -> LabelingJob | None:
    """Start the job of a form that was sent, where it has no error and costs what its sender was shown."""
    if request.method != "POST" or not form.is_valid() or not is_as_shown(request, form, str(quoted[SHOWN])):
        return None
    asked, shown = form.run_request(quoted["study"]), quoted.get("quote")
    assert asked is not None, "a valid form has a connection"
    return carry_out(
        form, lambda: start_labeling_job(actor=person(request), request=asked, purpose=purpose, shown=shown)
    )


def quote_answers(form: LabelingJobForm, *, study: Study, purpose: LabelingJob.Purpose) -> dict[str, object]:
    """The context of a quote for what the form says so far; where a field is invalid, for its default."""
    form.is_valid()
    try:
        asked = form.run_request(study)
        quote = quote_labeling_job(request=asked, purpose=purpose) if asked else None
    except Refusal as refusal:
        return {"study": study, "refusal": str(refusal), SHOWN: ""}
    if quote is None:
        return {"study": study, SHOWN: ""}
    sent = quote.language_model.prompt.request(quote.first)["messages"] if quote.first else []
    shown = digest(quote.language_model.reference, quote.example_ids, quote.tokens.most)
    return {"study": study, "quote": quote, "sent": sent, SHOWN: shown}
