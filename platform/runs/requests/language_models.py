"""A language model as the teacher of a request: its connection, and the prompt that is made for the study."""

import json
from collections.abc import Mapping
from typing import Any

from connections.models import Connection, Prompt
from connections.prompts import LabelledExample, LabelPrompt, PromptSource, balanced, make_prompt
from runs.requests.inputs import Inputs
from runs.requests.plan import RunPlan
from studies.models import Study
from training.spec import ENDPOINT

# Of the first so many labels, the examples of a prompt are chosen.
_MOST_CANDIDATES = 1000


def is_language_model(reference: Mapping[str, Any] | None) -> bool:
    """Whether a model reference names a connection, which is asked and not loaded."""
    return reference is not None and reference.get("source") == ENDPOINT


def connection_of(reference: Mapping[str, Any]) -> Connection:
    """The connection that a reference of ours names."""
    return Connection.objects.get(name=reference["name"])


def prompt_of(reference: Mapping[str, Any]) -> LabelPrompt:
    """The prompt that a reference of ours names."""
    return LabelPrompt.from_payload(Prompt.objects.get(version=reference["prompt"]).payload)


def keep_prompt(prompt: LabelPrompt) -> None:
    """Keep a prompt under its version, as it is sent."""
    Prompt.objects.get_or_create(version=prompt.version, defaults={"payload": prompt.payload})


def reference_to(*, connection: Connection, prompt: LabelPrompt) -> dict[str, Any]:
    """All that decides the answers."""
    asked = {"url": connection.url, "model": connection.model, "method": prompt.method.value, "prompt": prompt.version}
    return {"source": ENDPOINT, "name": connection.name, **asked}


def prompt_for(*, study: Study, connection: Connection, inputs: Inputs, plan: RunPlan) -> LabelPrompt:
    """Make the prompt of a study: its instructions, its labels, and labelled examples of the pool alone.

    Raises: PromptImpossible.
    """
    rows = inputs.training_rows(_MOST_CANDIDATES) if plan.shots else []
    is_list, fields = study.definition.is_list, study.definition.input_fields
    examples = [
        LabelledExample(
            fields={name: texts[name] for name in fields},
            labels=tuple(json.loads(answer)) if is_list else (answer,),
        )
        for texts, answer in rows
    ]
    source = PromptSource(
        labels=tuple(study.labels),
        meanings={label: str(meaning) for label, meaning in study.meanings.items()},
        instructions=study.instructions,
        is_exclusive=study.definition.is_exclusive,
        examples=balanced(examples, num=plan.shots),
    )
    return make_prompt(source=source, abilities=connection.abilities, confidence=plan.stated_confidence)
