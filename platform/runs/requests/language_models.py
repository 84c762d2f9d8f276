"""A language model as the teacher of a request: its connection, and the prompt that is made for the study."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.refusals import Refusal
from connections.models import Connection, Prompt
from connections.prompts import (
    NEAREST,
    AnswerForm,
    LabelledExample,
    LabelPrompt,
    PromptSource,
    PromptText,
    entities_as_json,
    make_prompt,
    usual_text,
)
from runs.models import PromptVersion
from runs.requests.inputs import Inputs
from runs.requests.plan import RunPlan
from studies.models import Study
from studies.task_types import TaskType
from training.spec import ENDPOINT

# Of the first so many labels, the examples of a prompt are chosen; fewer where all of them are kept with the prompt.
_MOST_CANDIDATES = 1000
_MOST_KEPT = 500


class TeacherUnusable(Refusal):
    """An earlier run or a connection cannot teach; the message says why."""


class PromptVersionNotFound(Refusal):
    """The study's prompt has no version of this number."""


@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A connection that is asked, with the prompt that was made, and the version of its text, if anybody edited it."""

    connection: Connection
    prompt: LabelPrompt
    version: PromptVersion | None

    @property
    def reference(self) -> dict[str, Any]:
        """All that decides the answers, and the version of the study's prompt that it comes of."""
        one, prompt = self.connection, self.prompt
        asked = {"url": one.url, "model": one.model, "method": prompt.method.value, "prompt": prompt.version}
        edited = {"prompt_version": self.version.number} if self.version else {}
        return {"source": ENDPOINT, "name": one.name, **asked, **edited}


def is_language_model(reference: Mapping[str, Any] | None) -> bool:
    """Whether a model reference names a connection, which is asked and not loaded."""
    return reference is not None and reference.get("source") == ENDPOINT


def connection_of(reference: Mapping[str, Any]) -> Connection:
    """The connection that a reference of ours names."""
    return Connection.objects.get(name=reference["name"])


def prompt_of(reference: Mapping[str, Any]) -> LabelPrompt:
    """The prompt that a reference of ours names."""
    return prompt_of_version(reference["prompt"])


def prompt_of_version(version: str) -> LabelPrompt:
    """A prompt that was kept."""
    return LabelPrompt.from_payload(Prompt.objects.get(version=version).payload)


def keep_prompt(prompt: LabelPrompt) -> Prompt:
    """Keep a prompt under its version, as it is sent."""
    return Prompt.objects.get_or_create(version=prompt.version, defaults={"payload": prompt.payload})[0]


def language_model_of(*, study: Study, plan: RunPlan, inputs: Inputs) -> LanguageModel:
    """The language model that a plan names, with its prompt for the study.

    Raises: TeacherUnusable; PromptVersionNotFound; PromptImpossible.
    """
    connection = Connection.objects.filter(pk=plan.teacher_connection or 0).first()
    if connection is None:
        raise TeacherUnusable(f"there is no connection {plan.teacher_connection}.", field="teacher")
    if not connection.is_usable:
        raise TeacherUnusable(
            f"the connection {connection} is switched off, or has not passed its self-test. An admin tests it on its "
            "page or with manage.py connections test.",
            field="teacher",
        )
    version = version_of(study=study, number=plan.prompt_version)
    prompt = _prompt_for(study=study, connection=connection, inputs=inputs, plan=plan, version=version)
    return LanguageModel(connection=connection, prompt=prompt, version=version)


def version_of(*, study: Study, number: int | None) -> PromptVersion | None:
    """A version of a study's prompt, by default the latest; None where nobody has edited it, or for number 0.

    Raises: PromptVersionNotFound.
    """
    versions = study.prompt_versions.order_by("-number")
    if number is None:
        return versions.first()
    found = versions.filter(number=number).first()
    if found is None and number:
        last = versions.first()
        known = f"the latest is {last.number}" if last else "nobody has edited it yet"
        raise PromptVersionNotFound(
            f"the prompt of “{study}” has no version {number}; {known}.", field="prompt_version"
        )
    return found


def text_of(version: PromptVersion | None, *, study: Study) -> PromptText:
    """The text of a version; without one, the usual text of the study's task type."""
    if version is None:
        return usual_text(study.definition.input_fields, has_labels=study.definition.has_labels)
    return PromptText(system=version.system, message=version.message)


def _prompt_for(
    *, study: Study, connection: Connection, inputs: Inputs, plan: RunPlan, version: PromptVersion | None
) -> LabelPrompt:
    """Make the prompt of a study: its text, instructions, labels, and labelled examples of the pool alone.

    Raises: PromptImpossible.
    """
    most = _MOST_KEPT if plan.shots_by == NEAREST else _MOST_CANDIDATES
    rows = inputs.training_rows(most) if plan.shots else []
    definition = study.definition
    fields, form = tuple(definition.input_fields), _form_of(definition)
    examples = [_shown(definition, form, {name: texts[name] for name in fields}, answer) for texts, answer in rows]
    source = PromptSource(
        labels=tuple(study.labels),
        meanings={label: str(meaning) for label, meaning in study.meanings.items()},
        instructions=study.instructions,
        is_exclusive=definition.is_exclusive,
        fields=fields,
        text=text_of(version, study=study),
        examples=tuple(examples),
        form=form,
        asks=definition.told_to_write,
    )
    return make_prompt(source=source, abilities=connection.abilities, settings=plan.of_prompt)


def _form_of(definition: TaskType) -> AnswerForm:
    if not definition.has_labels:
        return AnswerForm.TEXT
    return AnswerForm.ENTITIES if definition.unit == "word" else AnswerForm.LABELS


def _shown(definition: TaskType, form: AnswerForm, fields: Mapping[str, str], answer: str) -> LabelledExample:
    """A labelled example as the prompt shows it; of several texts that are right, the first."""
    if form == AnswerForm.TEXT:
        return LabelledExample(fields=fields, labels=(), answer=definition.as_text(answer=answer, text=""))
    if form == AnswerForm.ENTITIES:
        parts = definition.parts(answer=answer, fields=fields)
        named = entities_as_json([(part.text, part.label) for part in parts])
        return LabelledExample(fields=fields, labels=tuple(sorted({part.label for part in parts})), answer=named)
    return LabelledExample(fields=fields, labels=tuple(json.loads(answer)) if definition.is_list else (answer,))
