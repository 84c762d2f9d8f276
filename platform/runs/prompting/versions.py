"""The text of a study's prompt, edited by its managers: each version is kept as it was."""

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from connections.prompts import PromptText, check_text
from runs.models import PromptVersion
from runs.requests import text_of, version_of
from studies.hashing import digest
from studies.models import Study


class PromptUnchanged(Refusal):
    """The text is that of the latest version already."""


@transaction.atomic
def save_version(*, actor: User, study: Study, text: PromptText) -> PromptVersion:
    """Keep a text as the next version of a study's prompt. Raises: Forbidden; PromptTextInvalid; PromptUnchanged."""
    require(actor=actor, action=Action.CHANGE_STUDY)
    ours = Study.objects.select_for_update().get(pk=study.pk)
    text = PromptText(system=_tidy(text.system), message=_tidy(text.message))
    check_text(text, fields=ours.definition.input_fields, has_labels=ours.definition.has_labels)
    last = version_of(study=ours, number=None)
    if text == text_of(last, study=ours):
        which = f"version {last.number}" if last else "the usual text"
        raise PromptUnchanged(f"this is {which} already.", field="system")
    made = PromptVersion.objects.create(
        study=ours,
        number=last.number + 1 if last else 1,
        system=text.system,
        message=text.message,
        content_hash=digest(text.system, text.message),
        created_by=actor,
    )
    record(
        actor=actor,
        action="prompt.edit",
        subject=f"Prompt of “{ours}”",
        subject_id=made.pk,
        budget_id=ours.budget_id,
        before={"version": last.number, "hash": last.content_hash} if last else {},
        after={"version": made.number, "hash": made.content_hash},
    )
    return made


def _tidy(text: str) -> str:
    """A text as it is kept: browsers send line breaks of two signs."""
    return text.replace("\r\n", "\n").strip()
