"""Several people's written answers to one example become one answer."""

from collections import Counter
from collections.abc import Sequence

from training.answers.written.questions import normalised
from training.answers.written.texts import NO_START, Written, written_in, written_to_json


def all_written(answers: Sequence[str]) -> str:
    """Keep every text of every answer, the earliest first: each is right."""
    return written_to_json(one for answer in answers for one in written_in(answer))


def most_written(answers: Sequence[str]) -> str:
    """Keep the texts that more than half of the answers have, normalised; of exactly half those of the earliest answer.

    Where no text has that, the earliest of those that most answers have is kept. Of texts alike, one with its place is
    kept, else the earliest.
    """
    texts: dict[str, Written] = {}
    counts: Counter[str] = Counter()
    for answer in answers:
        forms = {normalised(one.text): one for one in reversed(written_in(answer))}
        counts.update(forms.keys())
        for form, one in reversed(forms.items()):
            if form not in texts or (texts[form].start == NO_START and one.start != NO_START):
                texts[form] = one
    first = {normalised(one.text) for one in written_in(answers[0])}
    kept = [form for form in texts if 2 * counts[form] > len(answers) - (form in first)]
    return written_to_json(texts[form] for form in kept or [max(texts, key=counts.__getitem__)])
