"""Labels of a language model of which people verify those that it is least sure of."""

from collections.abc import Sequence
from dataclasses import replace

from labeling.publishing import quote_labels
from planning.likely import apart
from planning.policy import verified_sizes
from reports.advice.offers.labels import LabelSize
from reports.advice.offers.offer import Offers
from reports.advice.situation import Situation
from reports.model_labels import Labeller, name_order

NOT_TOLD = (
    "Labels by {name} are on offer as they are, not with the least sure of them verified: which these are cannot be "
    "said, as its server gives no probabilities and each text was asked about once."
)


def sizes_to_verify(situation: Situation, sizes: Sequence[LabelSize], offers: Offers) -> list[LabelSize]:
    """The labels that a language model gave, and the most that it may give, some of them verified by people.

    None before it has labelled any, as nothing tells then whether it says how sure it is.
    """
    labeller = situation.labeller
    if labeller is None or labeller.is_labelling or situation.terms is None or not labeller.num_reviewable:
        return []
    if not labeller.tells_confidence:
        offers.note(NOT_TOLD.format(name=labeller.name))
        return []
    there = [size for size in sizes if size.by_model and not size.num_new]
    found = [one for size in (*there, *sizes[-1:]) for one in _verified(situation, labeller, size)]
    if found:
        offers.note(name_order(labeller))
    return list(dict.fromkeys(found))


def _verified(situation: Situation, labeller: Labeller, size: LabelSize) -> list[LabelSize]:
    study, num_left = situation.study, labeller.num_reviewable + size.num_new
    most = quote_labels(study=study, num_examples=num_left, num_left=num_left).num_fitting
    found = []
    for number in verified_sizes(size.by_model, most=min(most, num_left)):
        quote = quote_labels(study=study, num_examples=number, num_left=num_left)
        found.append(
            replace(
                size,
                by_model=size.by_model - number,
                num_to_verify=number,
                for_verifying=quote.estimate.expected,
                expected=size.expected + quote.estimate.expected,
                held=size.held + quote.held,
                likely=apart(size.likely, quote.likely),
            )
        )
    return found
