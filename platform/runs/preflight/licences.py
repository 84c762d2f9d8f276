"""Whether a teacher's licence lets its outputs train another model: known, stated by a person, or not known."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from connections.models import Connection, Outputs
from runs.checkpoints import base_model_of, card_licence
from runs.models import ModelLicence, OutputUse
from runs.requests import connection_of, is_language_model
from training.spec import SOURCES

# These set no condition on a model's outputs.
OPEN = frozenset(
    {"apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "unlicense", "cc-by-4.0"}
)
# Section 1.b.v of both: no output may be used to improve another large language model.
CLOSED = frozenset({"llama2", "llama3"})


@dataclass(frozen=True, kw_only=True)
class PackageLicences:
    """Licences of a model that packages carry: of its weights by their authors, and of the packages."""

    weights: str
    package: str | None


# From the model cards of the weights' authors, and from the packages' metadata; a test compares them.
PACKAGE_LICENCES = {
    "all-mpnet-base-v2": PackageLicences(weights="apache-2.0", package=None),
    "all-MiniLM-L6-v2": PackageLicences(weights="apache-2.0", package="MIT"),
    "paraphrase-MiniLM-L3-v2": PackageLicences(weights="apache-2.0", package="Apache License 2.0"),
}


class OutputsMayNotTrain(Refusal):
    """The teacher's licence forbids training another model on its outputs."""


class LicenceUnconfirmed(Refusal):
    """No one has confirmed yet that the teacher's licence allows it."""


class LicenceInvalid(Refusal):
    """A statement about a licence names no model, or neither yes nor no."""


@dataclass(frozen=True, kw_only=True)
class Licence:
    """What is known of a model's licence; `outputs` None where it is not known what its outputs may do."""

    name: str
    outputs: OutputUse | None
    basis: str

    def __str__(self) -> str:
        return f"{self.name or 'licence not named'} ({self.basis})"


def licence_of(reference: Mapping[str, Any]) -> Licence:
    """Find a model's licence: what a person stated, else what its authors say; an artifact's is that of its base.

    A language model's are the terms of its connection.
    """
    if is_language_model(reference):
        return _terms_of(connection_of(reference))
    stated = _statement(reference)
    if stated is not None:
        basis = f"stated by {stated.stated_by}"
        return Licence(name=stated.licence, outputs=OutputUse(stated.outputs), basis=basis)
    base = base_model_of(reference)
    if base is not None:
        return licence_of(base)
    if reference.get("source") == "package" and reference.get("name") in PACKAGE_LICENCES:
        packaged = PACKAGE_LICENCES[str(reference["name"])]
        package = f"says {packaged.package}" if packaged.package else "names none"
        basis = f"its authors' model card; the package that carries it {package}"
        return Licence(name=packaged.weights, outputs=OutputUse.MAY_TRAIN, basis=basis)
    name = card_licence(reference) or ""
    known = OutputUse.MAY_TRAIN if name in OPEN else OutputUse.MAY_NOT_TRAIN if name in CLOSED else None
    return Licence(name=name, outputs=known, basis="its model card" if name else "no model card names it")


def require_licence(*, actor: User, reference: Mapping[str, Any], confirmed: bool) -> None:
    """Refuse a teacher whose outputs may not train other models, unless unknown and `confirmed`, which is recorded.

    Raises: OutputsMayNotTrain; LicenceUnconfirmed.
    """
    found, name = licence_of(reference), reference.get("name")
    where = "on the connection's page" if is_language_model(reference) else "with manage.py state_licence"
    if found.outputs == OutputUse.MAY_NOT_TRAIN:
        raise OutputsMayNotTrain(
            f"The licence of the teacher {name}, {found}, forbids training other models on its outputs, so nothing can "
            f"be distilled from it. Choose another teacher; if this is wrong, correct it {where}."
        )
    if found.outputs is None and is_language_model(reference):
        raise LicenceUnconfirmed(terms_unknown(str(name)), field="teacher")
    if found.outputs is None and not confirmed:
        raise LicenceUnconfirmed(
            f"No one has confirmed whether the licence of the teacher {name}, {found}, allows "
            "training other models on its outputs. Read it; then confirm it here or with manage.py state_licence.",
            field="licence_confirmed",
        )
    if found.outputs is None:
        state_licence(actor=actor, reference=reference, licence=found.name, outputs=OutputUse.MAY_TRAIN)


def terms_unknown(name: str) -> str:
    return (
        f"No one has stated yet whether the terms of the connection {name} let its outputs train other models. An "
        "admin reads them and states it on the connection's page, or with manage.py connections change."
    )


def _terms_of(connection: Connection) -> Licence:
    stated = {Outputs.MAY_TRAIN: OutputUse.MAY_TRAIN, Outputs.MAY_NOT_TRAIN: OutputUse.MAY_NOT_TRAIN}
    outputs = stated.get(Outputs(connection.outputs))
    return Licence(name=connection.terms, outputs=outputs, basis="the terms stated with its connection")


def state_licence(*, actor: User, reference: Mapping[str, Any], licence: str = "", outputs: OutputUse) -> ModelLicence:
    """Record what a model's licence says of its outputs, in place of an earlier statement.

    Raises: Forbidden; LicenceInvalid.
    """
    require(actor=actor, action=Action.START_RUN)
    source, name = str(reference.get("source") or ""), str(reference.get("name") or "").strip()
    if source not in SOURCES or not name:
        raise LicenceInvalid(
            f"{source}:{name} is not a model reference: give a source ({', '.join(SOURCES)}) and a name."
        )
    if outputs not in OutputUse.values:
        raise LicenceInvalid(f"{outputs!r} is not one of {', '.join(OutputUse.values)}.", field="outputs")
    with transaction.atomic():
        before = _statement(reference)
        name = before.name if before else name
        stated, _ = ModelLicence.objects.update_or_create(
            source=source, name=name, defaults={"licence": licence.strip(), "outputs": outputs, "stated_by": actor}
        )
        record(
            actor=actor,
            action="licence.state",
            subject=f"{source}: {name}",
            subject_id=stated.pk,
            before={"licence": before.licence, "outputs": before.outputs} if before else {},
            after={"licence": stated.licence, "outputs": stated.outputs},
        )
    return stated


def _statement(reference: Mapping[str, Any]) -> ModelLicence | None:
    """The latest statement about the same model, however its name was written."""
    source = str(reference.get("source") or "")
    key = _key(source, str(reference.get("name") or ""))
    statements = ModelLicence.objects.filter(source=source).order_by("-stated_at", "-pk").select_related("stated_by")
    return next((statement for statement in statements if _key(source, statement.name) == key), None)


def _key(source: str, name: str) -> str:
    """Equal for names that load one model: the hub takes letters of either case, and a folder has many paths."""
    name = name.strip()
    return os.path.realpath(name) if source == "folder" else name.casefold() if source == "hub" else name
