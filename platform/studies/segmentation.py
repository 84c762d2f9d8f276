"""Whether people must be able to mark parts of words in a study's texts."""

from studies.models import Study
from training.answers import has_unspaced

MOST_READ = 200


def is_marked_by_characters(study: Study) -> bool:
    """Look at a study's first examples: scripts without spaces, or gold spans that are parts of words."""
    definition = study.definition
    field = definition.marked_field
    if not field:
        return False
    rows = list(study.examples.order_by("rank", "pk").values_list("fields", "label__value")[:MOST_READ])
    if any(has_unspaced(fields[field]) for fields, _ in rows):
        return True
    labelled = [(fields[field], answer) for fields, answer in rows if answer is not None]
    texts, answers = [text for text, _ in labelled], [answer for _, answer in labelled]
    return definition.segmentation_for(columns={field: texts}, gold=answers) == "character"
