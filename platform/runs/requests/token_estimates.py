"""What the answers of a language model that a request asks for will cost."""

from collections.abc import Iterator, Mapping
from itertools import chain as joined

from connections.estimates import TokenEstimate, estimate_answers
from runs.requests.chain import Chain
from studies.models import Split
from studies.queries import labelled

_MOST_SAMPLED = 200


def estimate_tokens(chain: Chain) -> TokenEstimate | None:
    """Estimate the answers that a chain buys, none of them bought before; None where no language model is asked."""
    teacher, inputs = chain.teacher, chain.inputs
    if teacher is None or teacher.connection is None or teacher.prompt is None:
        return None
    return estimate_answers(
        budget=chain.study.budget,
        connection=teacher.connection,
        prompt=teacher.prompt,
        rows=list(_sample(chain)),
        num_answers=inputs.num_unlabelled + (inputs.num_dev if chain.study.definition.has_labels else 0),
    )


def _sample(chain: Chain) -> Iterator[Mapping[str, str]]:
    """Some of the texts that are asked for, each with the fields that are sent."""
    fields = chain.study.definition.input_fields
    pool = chain.study.examples.filter(split=Split.POOL, label__isnull=True).order_by("rank")
    # Written answers are not compared with dev.
    dev = labelled(chain.study, Split.DEV) if chain.study.definition.has_labels else pool.none()
    texts = joined.from_iterable(rows.values_list("fields", flat=True)[:_MOST_SAMPLED] for rows in (pool, dev))
    return ({name: text[name] for name in fields} for text in texts)
