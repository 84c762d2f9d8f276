"""What answers of a language model will cost, and what is sent for the first of them, shown before they are bought."""

from config.refusals import Refusal
from runs.models import LabelingJob
from runs.prompting import quote_labeling_job
from studies.hashing import digest
from studies.models import Study
from web.forms.language_models.prompts import LabelingJobForm
from web.http import SHOWN


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
