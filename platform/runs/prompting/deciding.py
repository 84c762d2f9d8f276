"""Which answer the samples of one text decide for, and how sure of it they are."""

import json
import math
from collections.abc import Sequence
from statistics import fmean

from connections.buying import Sample
from connections.prompts import AnswerForm, LabelPrompt
from connections.reading import pooled
from studies.task_types import TaskType

# Where several labels may apply, each that is more likely than not.
_LIKELY = 0.5


def decided(*, prompt: LabelPrompt, definition: TaskType, samples: Sequence[Sample]) -> tuple[str, float]:
    """The answer, as `read_answer` reads it, and its confidence, 0 to 1.

    Of labels, the likeliest, or each more likely than not, with their probability. Of entities and texts, the sample
    that is most like the others, the earliest of equal ones, and the mean of how like it they are; of one, the
    probability of its tokens, else the stated confidence.
    """
    if prompt.form == AnswerForm.LABELS:
        return _decided_by_scores(prompt, pooled(prompt=prompt, samples=[one.scores or () for one in samples]))
    if len(samples) == 1:
        only = samples[0]
        return only.value, only.scores[0] if only.scores else prompt.confidence
    values = [one.value for one in samples]
    likeness = [_likeness(values, place, definition) for place in range(len(values))]
    best = max(range(len(values)), key=lambda place: likeness[place])
    return values[best], likeness[best]


def _decided_by_scores(prompt: LabelPrompt, scores: Sequence[float]) -> tuple[str, float]:
    if prompt.is_exclusive:
        place = max(range(len(scores)), key=lambda one: scores[one])
        return prompt.labels[place], scores[place]
    confidence = math.prod(max(score, 1 - score) for score in scores)
    named = [label for label, score in zip(prompt.labels, scores, strict=True) if score > _LIKELY]
    return json.dumps(named, ensure_ascii=False), confidence


def _likeness(values: Sequence[str], place: int, definition: TaskType) -> float:
    others = (other for number, other in enumerate(values) if number != place)
    return fmean(definition.agreement(other, values[place]) for other in others)
