"""One reply, read by the form of the answer that was asked for."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connections.client import Reply
from connections.models import Outcome
from connections.prompts import AnswerForm, LabelPrompt, Method, letters_of
from connections.reading.entities import EntitiesUnusable, read_entities
from tables.signs import clean, unstorable

# Of the probability of the first token, so much must lie on the labels' letters.
LEAST_LABEL_MASS = 0.1
# By rounding, some servers give a token that is certain a log-probability a little above 0.
MOST_LOG_PROBABILITY = 0.01
# As long as a study's answers may be.
MOST_WRITTEN_CHARACTERS = 20_000
# What a reasoning model writes before its answer, where the server does not take it out; some leave out the first sign.
_REASONING, _END_OF_REASONING = "<think>", "</think>"
_FILTERED = "content_filter"
_TOO_LONG = "length"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reply says, or in `detail` what is wrong with it.

    `scores` are probabilities in the order of the labels; `mass` lay on all of them before it was renormalised. Of
    entities and of a text, `value` is the answer: a JSON list of spans, or of the one text, whose `scores` are the mean
    probability of its tokens, where that is known.
    """

    outcome: Outcome
    scores: tuple[float, ...] | None = None
    mass: float | None = None
    value: str = ""
    detail: str = ""


def read_answer(*, prompt: LabelPrompt, reply: Reply, row: Mapping[str, str]) -> Reading:
    """Read a reply about an example with these fields. What is no answer is an outcome of its own, and no label."""
    if reply.refusal or reply.finish == _FILTERED:
        return Reading(outcome=Outcome.REFUSED)
    if prompt.method == Method.LETTERS:
        return _read_letters(prompt.labels, reply.alternatives)
    if reply.finish == _TOO_LONG:
        return Reading(outcome=Outcome.CUT)
    reply = _without_reasoning(reply)
    if prompt.form == AnswerForm.TEXT:
        return _read_text(reply)
    if prompt.form == AnswerForm.ENTITIES:
        return _read_entities(prompt, reply, row)
    named = _named(prompt, reply.content)
    if named is None:
        return Reading(outcome=Outcome.INVALID)
    return Reading(outcome=Outcome.ANSWERED, scores=_stated(prompt, named))


def _without_reasoning(reply: Reply) -> Reply:
    """The answer alone; how likely it was is not known then, as the server counts the reasoning in."""
    _, end, answer = reply.content.rpartition(_END_OF_REASONING)
    if not end and not answer.lstrip().startswith(_REASONING):
        return reply
    return replace(reply, content=answer if end else "", log_probability=None)


def pooled(*, prompt: LabelPrompt, samples: Sequence[Sequence[float]]) -> list[float]:
    """The probabilities that the answers to one text give together, in the order of the labels.

    Of several samples they are shares, smoothed by one further sample that is undecided: spread evenly over labels
    that exclude each other, and half of each of those that do not. Parameters: `samples` are the scores of each.
    """
    if prompt.samples == 1:
        return list(samples[0])
    undecided = 1 / len(prompt.labels) if prompt.is_exclusive else 0.5
    return [(sum(votes) + undecided) / (len(samples) + 1) for votes in zip(*samples, strict=True)]


def _read_text(reply: Reply) -> Reading:
    written = clean(reply.content)
    bad = unstorable(written)
    if len(written) > MOST_WRITTEN_CHARACTERS:
        bad = f"{len(written):,} characters; at most {MOST_WRITTEN_CHARACTERS:,} are taken"
    if bad:
        return Reading(outcome=Outcome.UNREADABLE, detail=f"the text has {bad}")
    if not written:
        return Reading(outcome=Outcome.EMPTY)
    known = reply.log_probability
    scores = None if known is None else (math.exp(known),)
    return Reading(outcome=Outcome.ANSWERED, scores=scores, value=json.dumps([written], ensure_ascii=False))


def _read_entities(prompt: LabelPrompt, reply: Reply, row: Mapping[str, str]) -> Reading:
    (text,) = row.values()
    try:
        found = read_entities(content=reply.content, text=text, labels=prompt.labels)
    except EntitiesUnusable as unusable:
        return Reading(outcome=unusable.outcome, detail=str(unusable))
    return Reading(outcome=Outcome.ANSWERED, value=found)


def _read_letters(labels: Sequence[str], alternatives: Sequence[tuple[str, float]]) -> Reading:
    """Add up the probabilities of each letter's tokens, which differ in the spaces around it."""
    place = {letter: number for number, letter in enumerate(letters_of(labels))}
    mass_C = [0.0] * len(labels)
    for token, log_probability in alternatives:
        number = place.get(token.strip())
        if number is not None and log_probability <= MOST_LOG_PROBABILITY:
            mass_C[number] += math.exp(min(log_probability, 0.0))
    whole = sum(mass_C)
    if not alternatives or not math.isfinite(whole):
        return Reading(outcome=Outcome.INVALID)
    if whole < LEAST_LABEL_MASS:
        return Reading(outcome=Outcome.OFF_LABEL, mass=min(whole, 1.0))
    return Reading(outcome=Outcome.ANSWERED, scores=tuple(mass / whole for mass in mass_C), mass=min(whole, 1.0))


def _named(prompt: LabelPrompt, content: str) -> list[str] | None:
    """The labels that a text names; None where it is no answer."""
    if prompt.method == Method.TEXT and prompt.is_exclusive:
        return _known([content.strip().strip(".\"'“”`")], prompt.labels)
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    found = told.get("label" if prompt.is_exclusive else "labels") if isinstance(told, Mapping) else None
    return _known([found] if prompt.is_exclusive else found, prompt.labels)


def _known(named: object, labels: Sequence[str]) -> list[str] | None:
    """The labels of these names, in whatever case they are written; None where one is none."""
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        return None
    by_case = {label.casefold(): label for label in labels}
    found = [one if one in labels else by_case.get(one.casefold()) for one in named]
    return None if None in found else [label for label in found if label is not None]


def _stated(prompt: LabelPrompt, named: Sequence[str]) -> tuple[float, ...]:
    """Hard labels at the stated confidence, or of several samples as a whole vote: one label, or each of them alone."""
    sure, chosen = (prompt.confidence if prompt.samples == 1 else 1.0), set(named)
    rest = 1 - sure if not prompt.is_exclusive else (1 - sure) / max(len(prompt.labels) - 1, 1)
    return tuple(sure if label in chosen else rest for label in prompt.labels)
