"""The model card of a student or a teacher, and the other files that its folder needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from config.refusals import Refusal
from runs.checkpoints import answered_as
from runs.execution import TotalUsage, total_usage
from runs.models import Artifact, ArtifactKind, Attempt, Run, RunKind
from runs.preflight import licence_of
from runs.results.serving import ServingFigures, serving_figures
from tables.table import counted
from tables.whole_files import write_whole
from training.contract import CARD_FILE, LABEL_MAP_FILE, PREDICTIONS_FILE, SPEC_FILE, TOKENIZER_FILES
from training.reporting import Card, Costs, ResourceUse, ServingLine, card_text
from training.spec import ENDPOINT

# Parts of a model's folder; each is there if any of its files is.
_PARTS = {
    "its configuration": ("config.json",),
    "its weights": ("model.safetensors", "model.safetensors.index.json"),
    "its tokenizer": TOKENIZER_FILES,
    "its label map": (LABEL_MAP_FILE,),
    "its settings": (SPEC_FILE,),
    "its predictions": (PREDICTIONS_FILE,),
    "its card": (CARD_FILE,),
}


class CardMissing(Refusal):
    """There is no card: there is no model, or its folder is missing."""


@dataclass(frozen=True, kw_only=True)
class LabelOrigins:
    """How many labels of a snapshot people gave, a language model gave, were replayed, and were imported."""

    given: int = 0
    replayed: int = 0
    imported: int = 0
    by_model: int = 0

    @property
    def total(self) -> int:
        return self.given + self.by_model + self.replayed + self.imported

    def __str__(self) -> str:
        named = (
            (self.given, "given by people"),
            (self.by_model, "given by a language model"),
            (self.replayed, "replayed from known answers"),
            (self.imported, "imported with the examples"),
        )
        parts = [f"{count:,} {words}" for count, words in named if count]
        if len(parts) > 1:
            return f"{self.total:,} labels ({', '.join(parts)})"
        return f"{counted(self.total, 'label')} {parts[0].partition(' ')[2]}" if parts else "0 labels"


def card_of(
    artifact: Artifact, *, costs: Costs, origins: LabelOrigins, lineage: Iterable[Attempt], at: datetime
) -> str:
    """Write a model's card as Markdown. `lineage` are the attempts of its run and of those it came from.

    Raises: CardMissing for a soft-label set.
    """
    run, study = artifact.run, artifact.run.study
    if artifact.kind == ArtifactKind.SOFT_LABELS:
        raise CardMissing(f"{artifact} is not a model and has no card. Choose a student or a teacher.")
    task_type = answered_as(study=study, reference=run.model or {})
    card = Card(
        title=f"{artifact}: {study.name}",
        summary=_summary(artifact, origins),
        task=task_type.title,
        unit=task_type.unit,
        labels=study.labels,
        metric=study.metric,
        model=_base(artifact),
        data=_data(artifact),
        result=artifact.result,
        use=_use(run, lineage),
        written_at=f"{at:%Y-%m-%d %H:%M} UTC",
        costs=costs,
        serving=[_serving_line(one) for one in serving_figures(artifact)],
        facts=[("Content hash of this folder, without this card", f"`{artifact.content_hash}`")],
    )
    return card_text(card)


def _serving_line(one: ServingFigures) -> ServingLine:
    return ServingLine(
        format=one.format,
        p50_ms=one.p50_ms,
        p95_ms=one.p95_ms,
        requests_per_second=one.requests_per_second,
        texts_per_second=one.texts_per_second,
        utility=one.utility,
        num_examples=one.num_examples,
        rows=one.rows,
        processor=one.processor,
        cost="no price" if one.cost_of_requests is None else str(one.cost_of_requests),
    )


def missing_parts(artifact: Artifact) -> list[str]:
    folder = artifact.path
    return [part for part, names in _PARTS.items() if not any((folder / name).is_file() for name in names)]


def write_card_file(artifact: Artifact, text: str) -> None:
    """Replace the card in a model's folder in one step. Raises: CardMissing where the folder is missing."""
    if not artifact.path.is_dir():
        raise CardMissing(artifact.missing_text)
    write_whole({artifact.path / CARD_FILE: [text.encode()]})


def card_written_at(artifact: Artifact) -> datetime | None:
    """When the card in a model's folder was written; None where there is none."""
    try:
        return datetime.fromtimestamp((artifact.path / CARD_FILE).stat().st_mtime, tz=UTC)
    except OSError:
        return None


def _summary(artifact: Artifact, origins: LabelOrigins) -> str:
    run, kind = artifact.run, artifact.get_kind_display().lower()
    made = f"A {kind} of the study “{run.study.name}”, made on the {run.path} path by {run}."
    asked = run.parents.filter(kind=RunKind.SCORE, model__source=ENDPOINT).first()
    whose = f"the language model {asked.model['model']}'s" if asked and asked.model else "a teacher's"
    several = run.parents.count() > 1
    each = ", the student of each seed from those of a teacher of its own" if several else ""
    soft = f"{whose} soft labels of {artifact.num_pseudo_labels:,} examples{each}"
    meanings = "what the labels say of themselves"
    if not artifact.num_pseudo_labels:
        return f"{made} It learned from {origins}{'' if origins.total else f', only from {meanings}'}."
    if artifact.result.get("num_train"):
        return f"{made} It learned from {origins}, and from {soft}."
    if asked is not None:
        return f"{made} It learned from {soft}."
    if not origins.total:
        return f"{made} It learned from {soft}; the teacher had {origins}, only {meanings}."
    is_as_it_was = run.parents.filter(kind=RunKind.SCORE, model__isnull=False).exists()
    had = "was not fine-tuned; its head comes of" if is_as_it_was else "learned from"
    return f"{made} It learned from {soft}; the teacher{'s' if several else ''} {had} {origins}."


def _base(artifact: Artifact) -> dict[str, object]:
    requested = artifact.run.model or {}
    loaded = {name: value for name, value in (artifact.result.get("base") or {}).items() if value is not None}
    return {**requested, **loaded, "licence": licence_of(requested).name if requested else None}


def _data(artifact: Artifact) -> list[tuple[str, str]]:
    """The platform's own lists, hashed over examples, labels and sources; then the rows as the trainer saw them."""
    run, rows = artifact.run, []
    if run.snapshot:
        rows.append(("snapshot", f"{run.snapshot.num_examples:,} labels, hash `{run.snapshot.content_hash}`"))
    for name, fixed in (
        ("dev list", run.dev),
        ("test list", run.test),
        ("unlabelled list", run.unlabelled),
        ("pool list", run.pool),
    ):
        if fixed is not None:
            rows.append((name, f"{fixed.num_examples:,} examples, hash `{fixed.content_hash}`"))
    read = artifact.result.get("data") or {}
    return [*rows, *((f"{name} rows", f"{one['num_rows']:,}, SHA-256 `{one['sha256']}`") for name, one in read.items())]


def _use(run: Run, lineage: Iterable[Attempt]) -> ResourceUse:
    own, whole = total_usage(run.attempts.all()), total_usage(lineage)
    return ResourceUse(
        device=run.device,
        device_seconds=own.device_seconds,
        peak_memory_bytes=own.peak_memory_bytes or run.artifact.result.get("peak_memory_bytes"),
        energy_kwh=own.energy_kwh,
        carbon_kg=own.carbon_kg,
        notes=_notes(own, whole),
    )


def _notes(own: TotalUsage, whole: TotalUsage) -> list[str]:
    notes = []
    if whole.device_seconds > own.device_seconds:
        energy = "" if whole.energy_kwh is None else f", {whole.energy_kwh:.3g} kWh"
        carbon = "" if whole.carbon_kg is None else f", {whole.carbon_kg:.3g} kg CO2 equivalents"
        notes.append(f"With the runs that it came from: {whole.device_seconds:,.1f} device seconds{energy}{carbon}.")
    if whole.num_unknown:
        notes.append(f"The energy of {whole.num_unknown} attempt(s) is not known: they ended before it was read.")
    if whole.energy_kwh is not None and whole.carbon_kg is None:
        notes.append("Carbon is not known, since no grid country is set.")
    return notes
