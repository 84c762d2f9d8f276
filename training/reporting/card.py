"""The model card of an artifact, in Markdown with a YAML head as model hubs read it; JSON is part of YAML.

The trainer writes it without costs, which it does not know; the platform writes it again with them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.answers import (
    OVER_EXAMPLES_AND_LABELS,
    BaselineComparison,
    compare_with_baseline,
    teachers_counted,
    words_of_interval,
)

SPLITS = ("test", "dev")
_PIPELINES = {
    "row": "text-classification",
    "label": "text-classification",
    "word": "token-classification",
    "token": "question-answering",
}
# By `distil_from`, where it was more than soft labels.
_LEARNED = {
    "both": "It learned its teacher's soft labels, and its vectors of the texts.",
    "on_policy": "It learned its teacher's distributions of tokens, in part over answers that it wrote itself.",
    "vectors": "It learned its teacher's vectors of the texts; its head was then fitted to soft labels.",
}
# How a text's tags are found.
_FOUND_BY = "A text's tags are found by its outputs and by which tag follows which in the labels."
_FOUND_ALONE = "A text's tags are found by its outputs alone: which tag follows which in the labels was no help."
_GRAMS_PER_KILOGRAM = 1000
_BYTES_PER_MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One part of what a model cost: `paid_for` people or computing, `amount` in full, as text."""

    part: str
    paid_for: str
    num_entries: int
    amount: str


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a model cost up to a moment; `sums` are pairs of a title and its amount; `notes` are sentences."""

    currency: str
    lines: Sequence[CostLine]
    sums: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ResourceUse:
    """What a training took; None is unknown."""

    device: str
    device_seconds: float | None = None
    peak_memory_bytes: int | None = None
    energy_kwh: float | None = None
    carbon_kg: float | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ServingLine:
    """How a model answers in one format; `cost` is of 1,000 requests, one after the other, in full, as text."""

    format: str
    p50_ms: float
    p95_ms: float
    requests_per_second: float
    texts_per_second: float
    utility: float
    num_examples: int
    rows: str
    processor: str
    cost: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a card says; `data` has what is known of each data set, `result` the trainer's, `metric` the study's."""

    title: str
    summary: str
    task: str
    unit: str
    labels: Sequence[str]
    model: Mapping[str, Any]
    data: Sequence[tuple[str, str]]
    result: Mapping[str, Any]
    use: ResourceUse
    written_at: str
    metric: str
    costs: Costs | None = None
    serving: Sequence[ServingLine] = ()
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)


def card_text(card: Card) -> str:
    """Return a card as Markdown, with a YAML head."""
    parts = [_head(card), f"# {card.title}", card.summary, *_task(card), *_base(card), *_data(card)]
    parts += [*_training(card.result), *_metrics(card.result), *_baselines(card), *_use(card), *_costs(card)]
    return "\n\n".join([*parts, *_serving(card), *_loading(card)]) + "\n"


def _head(card: Card) -> str:
    head: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": _PIPELINES.get(card.unit),
        "tags": ["fulcrum"],
    }
    if card.model.get("source") == "hub":
        head["base_model"] = card.model["name"]
    if card.use.carbon_kg is not None:
        emitted = {"emissions": card.use.carbon_kg * _GRAMS_PER_KILOGRAM, "source": "codecarbon"}
        head["co2_eq_emissions"] = {**emitted, "training_type": "fine-tuning", "hardware_used": card.use.device}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value is not None]
    return "\n".join(["---", *lines, "---"])


def _task(card: Card) -> list[str]:
    labels = ", ".join(f"`{label}`" for label in card.labels[:50])
    more = f" and {len(card.labels) - 50} more" if len(card.labels) > 50 else ""
    named = [("Labels", labels + more)] if labels else []
    return ["## What it answers", _list([("Task type", card.task), *named, *card.facts])]


def _base(card: Card) -> list[str]:
    model = card.model
    known = [("Model", f"`{model.get('name')}` ({model.get('source')})")]
    names = {"revision": "Revision", "weights_sha256": "SHA-256 of its weights", "licence": "Licence"}
    known += [(title, f"`{model[name]}`") for name, title in names.items() if model.get(name)]
    if model.get("layers"):
        known.append(("Layers kept", ", ".join(str(layer) for layer in model["layers"])))
    return ["## What it started from", _list(known)]


def _data(card: Card) -> list[str]:
    return ["## Data", _table(["Data set", "What it holds"], card.data)] if card.data else []


def _training(result: Mapping[str, Any]) -> list[str]:
    search, seeds = result.get("search") or [], result.get("seeds") or []
    parts = ["## How it was trained"] if search or seeds else []
    kept = result.get("distillation") or {}
    if learned := _LEARNED.get(kept.get("distil_from", "")):
        parts.append(learned)
    if transitions := result.get("transitions"):
        found = _FOUND_BY if transitions["strength"] else _FOUND_ALONE
        parts.append(f"{found} {transitions['why']}")
    if kept.get("filter", "none") != "none":
        parts.append(f"Of {kept['num_asked']:,} pseudo-labels {kept['num_passed']:,} were kept: {kept['filter']}.")
    header = ["Learning rate", "Length", "Seed", "Score on dev", "Best step"]
    if len(search) > 1:
        parts += ["Tried on dev; the best was chosen:", _table(header, [_trial(row) for row in search])]
    if teachers_counted(result) > 1:
        parts.append("The student of each seed learned from a teacher of that seed.")
    if seeds:
        parts += [
            "Trained from these seeds; the best on dev is saved here:",
            _table(header, [_trial(row) for row in seeds]),
        ]
    return parts


def _trial(row: Mapping[str, Any]) -> list[str]:
    unit = "epoch" if row.get("epochs") else "step"
    number = row.get(f"{unit}s")
    length = f"{number} {unit}{'' if number == 1 else 's'}"
    dev = "not measured" if row.get("dev") is None else _percent(row["dev"])
    return [f"{row.get('learning_rate'):g}", length, str(row.get("seed")), dev, str(row.get("best_step"))]


def _metrics(result: Mapping[str, Any]) -> list[str]:
    rows = []
    for split in SPLITS:
        measured = (result.get("metrics") or {}).get(split) or {}
        for name, found in measured.items():
            if isinstance(found, Mapping) and "value" in found:
                counts = [str(measured.get("num_examples", "")), str(measured.get("num_seeds", 1))]
                intervals = [_between(found), _between(found.get("over_labels"))]
                named = f"{name}, by {found['measured_by']}" if "measured_by" in found else name
                rows.append([split, named, _percent(found["value"]), *intervals, *counts])
    if not rows:
        return []
    header = ["Split", "Metric", "Value", "95 % interval", "With other labels", "Examples", "Seeds"]
    found_leaks = (result.get("leaks") or {}).items()
    leaks = [
        f"{count} rows of {name.replace('_in_', ' are in ')} too, word for word or nearly."
        for name, count in found_leaks
        if count
    ]
    return ["## How good it is", _table(header, rows), _what_intervals_hold(result), *_written(result), *leaks]


def _written(result: Mapping[str, Any]) -> list[str]:
    """Say how many written answers are not whole; of answers that are labels nothing."""
    lines = []
    for split in SPLITS:
        found = (result.get("metrics") or {}).get(split) or {}
        if "num_cut" in found:
            total, cut, empty = found["num_examples"] * found["num_seeds"], found["num_cut"], found["num_unparsed"]
            of_all = f"Of {total:,} answers to {split}, of all seeds,"
            lines.append(f"{of_all} {cut:,} were cut at the maximum length, and {empty:,} are empty.")
    return lines


def _between(interval: Mapping[str, Any] | None) -> str:
    return "not measured" if interval is None else f"{_percent(interval['low'])} to {_percent(interval['high'])}"


def _what_intervals_hold(result: Mapping[str, Any]) -> str:
    splits = _splits_of(result)
    num_seeds = max((int(found.get("num_seeds", 1)) for found in splits), default=1)
    words = words_of_interval(num_seeds=num_seeds, num_teachers=teachers_counted(result))
    note = f"Values are means over the seeds, intervals {words}."
    seeds = result.get("seeds") or []
    if seeds and not any(row.get("num_steps") for row in seeds):
        note += " No seed changes a head on a checkpoint that was not trained."
    elif num_seeds == 1:
        note += " Another seed of the same training may lie outside."
    if any(isinstance(one, Mapping) and "over_labels" in one for found in splits for one in found.values()):
        return f"{note} With other labels: {OVER_EXAMPLES_AND_LABELS}, had as many other examples been labelled."
    return f"{note} None holds other labels."


def _splits_of(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    metrics = result.get("metrics") or {}
    return [metrics[split] for split in SPLITS if metrics.get(split)]


def _baselines(card: Card) -> list[str]:
    metrics = card.result.get("metrics") or {}
    found = metrics.get("baselines") or {}
    if not found:
        return []
    rows = [[name, str(one.get("label", "")), _percent(one["value"])] for name, one in found.items()]
    parts = ["Without any training, on test:", _table(["Baseline", "Answers", "Value"], rows)]
    own = (metrics.get("test") or {}).get(card.metric)
    if own is None:
        return parts
    name, best = max(found.items(), key=lambda item: float(item[1]["value"]))
    standing = compare_with_baseline(value=own["value"], low=own["low"], baseline=best["value"])
    if standing != BaselineComparison.ABOVE:
        parts.append(f"**This model is {standing.value} the best of them: {name}, {_percent(best['value'])}.**")
    return parts


def _use(card: Card) -> list[str]:
    use = card.use
    known = [("Device", use.device)]
    if use.device_seconds is not None:
        known.append(("Device time", f"{use.device_seconds:,.1f} s"))
    if use.energy_kwh is not None:
        known.append(("Energy", f"{use.energy_kwh:.3g} kWh"))
    if use.carbon_kg is not None:
        known.append(("Carbon", f"{use.carbon_kg:.3g} kg CO2 equivalents"))
    if use.peak_memory_bytes is not None:
        known.append(("Peak memory", f"{use.peak_memory_bytes / _BYTES_PER_MEGABYTE:,.0f} MB"))
    versions = card.result.get("versions") or {}
    known += [("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()))] if versions else []
    return ["## What it took", _list(known), *use.notes]


def _costs(card: Card) -> list[str]:
    costs = card.costs
    if costs is None:
        return ["## What it cost", "Not known to the trainer. Fulcrum writes this table from its ledger."]
    rows = [[line.part, line.paid_for, f"{line.num_entries:,}", line.amount] for line in costs.lines]
    rows += [[f"**{name}**", "", "", f"**{amount}**"] for name, amount in costs.sums]
    moment = f"As the ledger had it at {card.written_at}."
    table = _table(["Part", "Paid for", "Entries", costs.currency], rows)
    return ["## What it cost", moment, table, *costs.notes]


def _serving(card: Card) -> list[str]:
    if not card.serving:
        return []
    rows = [
        [
            one.format,
            *(f"{value:,.1f}" for value in (one.p50_ms, one.p95_ms, one.requests_per_second, one.texts_per_second)),
            _percent(one.utility),
            one.cost,
        ]
        for one in card.serving
    ]
    currency = card.costs.currency if card.costs else ""
    header = ["Format", "p50, ms", "p95, ms", "Requests per second", "Texts per second, 32 at once", card.metric]
    first = card.serving[0]
    note = (
        f"`torch` is the model as it is. Measured by the clock, on one thread of {first.processor}; {card.metric} on "
        f"{first.num_examples:,} {first.rows} rows, the same for each format."
    )
    return ["## What it takes to serve", note, _table([*header, f"1,000 requests, {currency}"], rows)]


def _loading(card: Card) -> list[str]:
    loader = "AutoModelForQuestionAnswering" if card.unit == "token" else "AutoModel"
    return [
        "## How to use it",
        f"`{loader}.from_pretrained` and `AutoTokenizer.from_pretrained` load this folder; `label_map.json` names the "
        "outputs in their order. Label a file with `python -m training predict FOLDER IN.csv OUT.csv`, and answer "
        "requests with `manage.py serve FOLDER`.",
    ]


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _list(facts: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())
