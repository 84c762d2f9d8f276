"""What can be known of a run before it starts: memory, data, vocabulary, licence, cost. What cannot work is refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

from django.conf import settings

from budgets.models import Path
from budgets.money import amount_text, rounded_text
from config.refusals import Refusal
from planning.footprint import Footprint, reading_footprint, training_footprint
from runs.preflight.device_memory import GIB, device_memory
from runs.preflight.gold_spans import MOST_ROWS, Reader, count_spans
from runs.preflight.licences import Outputs, licence_of
from runs.preflight.model_files import model_folder, shape_of, tokenizer_fingerprint
from runs.preflight.references import ModelUnusable, check_model
from runs.requests import (
    ChainEstimate,
    Inputs,
    NotEnoughExamples,
    NothingToMeasure,
    RunPlan,
    Teacher,
    check_count,
    check_test,
    check_unlabelled,
    teacher_of,
)
from studies.models import Split, Study
from studies.queries import labelled
from studies.task_types import TASK_TYPES
from training.answers import GoldInvalid, chosen_segmentation
from training.contract import MAX_SCORED_LABELS
from training.model_files import find_fault
from training.tasks import BI_ENCODER

# With fewer, what a student learns is chance.
LEAST_LABELS = 4
_NAMES_IN_MESSAGE = 5
# An answer of these is one label, so that it can be said which labels nothing is known of.
_ONE_LABEL = frozenset({"text_classification", "pair_classification"})
_WORD_BY_WORD = "entity_extraction"


class PreflightRefused(Refusal):
    """A run cannot work as requested; the message says why and how to correct it."""


class Level(StrEnum):
    GOOD = "good"
    UNKNOWN = "unknown"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found."""

    topic: str
    level: Level
    text: str


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The request, as all checks see it."""

    study: Study
    plan: RunPlan
    device: str
    answers: Sequence[str]
    has_dev: bool
    teacher: Teacher | None
    # Example fields with their answers, as far as they are read.
    read_rows: Callable[[], list[tuple[dict[str, str], str]]] = list

    @property
    def student(self) -> dict[str, Any]:
        return self.plan.student_model(self.study.student_model)

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        return {"student": self.student, **({"teacher": self.teacher.model} if self.teacher else {})}


def preflight(
    *, study: Study, path: Path, num_labels: int | None = None, num_unlabelled: int = 0, plan: RunPlan
) -> list[Finding]:
    """Check a request for runs before it is made. Nothing is refused here: what would be, is said.

    Parameters: as for start_annotate and start_distil.
    Returns: a finding for each check, in the order in which they are read.
    Raises: TeacherUnusable; ValueError (num_labels, num_unlabelled).
    """
    check_count("labels", num_labels)
    check_count("unlabelled examples", num_unlabelled or None)
    answers = labelled(study, Split.POOL).values_list("label__value", flat=True)
    case = _Case(
        study=study,
        plan=plan,
        device=settings.RUN_DEVICE,
        answers=list(answers[:num_labels]),
        read_rows=lambda: list(
            labelled(study, Split.POOL).values_list("fields", "label__value")[:num_labels][:MOST_ROWS]
        ),
        has_dev=labelled(study, Split.DEV).exists(),
        teacher=teacher_of(study=study, plan=plan) if path == Path.DISTIL else None,
    )
    return [*_rows(case, num_labels, num_unlabelled), *_findings(case), *_licence(case)]


def preflight_of(
    *, study: Study, inputs: Inputs, plan: RunPlan, device: str, teacher: Teacher | None = None
) -> list[Finding]:
    """Check a request whose rows are fixed; its licence is confirmed separately. Parameters: as for the runs."""
    items = inputs.snapshot.items.order_by("example__rank", "pk")
    case = _Case(
        study=study,
        plan=plan,
        device=device,
        answers=list(items.values_list("value", flat=True)),
        has_dev=inputs.dev is not None,
        teacher=teacher,
        read_rows=lambda: list(items.values_list("example__fields", "value")[:MOST_ROWS]),
    )
    return _findings(case)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise PreflightRefused with all that cannot work, if anything cannot."""
    refused = [found.text for found in findings if found.level == Level.REFUSED]
    if refused:
        raise PreflightRefused(" ".join(refused))


def _findings(case: _Case) -> list[Finding]:
    checks = (_models, _data, _spans, _choosing, _layers, _pooling, _length, _vocabulary, _memory)
    return [finding for check in checks for finding in check(case)]


def _rows(case: _Case, num_labels: int | None, num_unlabelled: int) -> list[Finding]:
    """What is requested and missing."""
    there = len(case.answers)
    checks: dict[str, Callable[[], None]] = {
        "Test": partial(check_test, case.study),
        "Unlabelled": partial(check_unlabelled, study=case.study, num_labels=there, num_unlabelled=num_unlabelled),
    }
    found = []
    for topic, check in checks.items():
        try:
            check()
        except (NothingToMeasure, NotEnoughExamples) as refusal:
            found.append(Finding(topic=topic, level=Level.REFUSED, text=str(refusal)))
    if num_labels is not None and num_labels > there:
        text = f"{num_labels:,} labels were requested; the pool has {there:,}. Publish more examples, or ask for fewer."
        found.append(Finding(topic="Labels", level=Level.REFUSED, text=text))
    return found


def _models(case: _Case) -> list[Finding]:
    """What the files of the checkpoints say that no training could mend."""
    faults = [_fault_of(role, model) for role, model in case.models.items()]
    return [Finding(topic="Model", level=Level.REFUSED, text=fault) for fault in faults if fault]


def _fault_of(role: str, model: dict[str, Any]) -> str | None:
    try:
        check_model(reference=model, role=role)
    except ModelUnusable as refusal:
        return str(refusal)
    folder = model_folder(model)
    return find_fault(folder, model=f"The {role} model {model['name']}") if folder else None


def _data(case: _Case) -> list[Finding]:
    num, seen = len(case.answers), Counter(case.answers)
    if num < LEAST_LABELS:
        said = "1 label" if num == 1 else f"{num} labels"
        text = f"{said} would be trained on; at least {LEAST_LABELS} are needed. Label more first."
        return [Finding(topic="Labels", level=Level.REFUSED, text=text)]
    if len(seen) == 1:
        text = (
            f"All {num:,} labels that would be trained on say “{_shortened(case.answers[0])}”: from one answer nothing "
            "can be learned. Train on more labels, or label examples of the others."
        )
        return [Finding(topic="Labels", level=Level.REFUSED, text=text)]
    missing = [label for label in case.study.labels if label not in seen]
    if case.study.task_type in _ONE_LABEL and missing:
        text = f"No training example has label {_listed(missing)}; it cannot be learned."
        return [Finding(topic="Labels", level=Level.WARNING, text=text)]
    return [Finding(topic="Labels", level=Level.GOOD, text=f"{num:,} labels, {len(seen):,} different answers.")]


def _spans(case: _Case) -> list[Finding]:
    """Gold spans that no training can find: they are measured all the same, and each counts as missed."""
    if case.study.task_type != _WORD_BY_WORD:
        return []
    train = case.read_rows()
    rows = [*train, *labelled(case.study, Split.TEST).values_list("fields", "label__value")[:MOST_ROWS]]
    texts, answers = [fields["text"] for fields, _ in rows], [answer for _, answer in rows]
    try:
        TASK_TYPES[_WORD_BY_WORD].read_gold(gold=answers, columns={"text": texts}, labels=case.study.labels)
    except GoldInvalid as invalid:
        said = f"The example “{_shortened(texts[invalid.row])}” {invalid}"
        return [Finding(topic="Spans", level=Level.REFUSED, text=said)]
    count = count_spans(texts=texts, answers=answers, reader=_reader(case, texts[: len(train)], answers[: len(train)]))
    looked_at = f"{count.num_spans:,} gold spans" + (f" of {len(rows):,} examples" if len(train) == MOST_ROWS else "")
    if not count.num_lost:
        said = f"All {looked_at} can be found, {count.segmentation} by {count.segmentation}."
        return [Finding(topic="Spans", level=Level.GOOD, text=said)] if count.num_spans else []
    text = (
        f"{count.num_lost:,} of {looked_at} can never be found: {count.num_within:,} begin or end "
        f"within a {count.segmentation}, {count.num_hidden:,} within a token of the student or beyond its "
        f"{case.plan.max_length} tokens. Each counts as missed. Tag by characters (segmentation), raise max length, or "
        "take a student whose tokens are shorter."
    )
    level = Level.REFUSED if count.num_lost == count.num_spans else Level.WARNING
    return [Finding(topic="Spans", level=level, text=text)]


def _reader(case: _Case, texts: Sequence[str], answers: Sequence[str]) -> Reader:
    """How the student will read, as the trainer chooses it by the training data."""
    wanted = case.plan.segmentation
    folder, shape = model_folder(case.student), shape_of(case.student)
    tokenizer = folder / "tokenizer.json" if folder else None
    return Reader(
        segmentation=chosen_segmentation(texts=texts, answers=answers) if wanted == "auto" else wanted,
        tokenizer=tokenizer if tokenizer and tokenizer.is_file() else None,
        max_length=case.plan.max_length,
        labels=tuple(case.study.labels) if shape is not None and shape.is_text_to_text else (),
    )


def _choosing(case: _Case) -> list[Finding]:
    """What is chosen on dev needs one."""
    plan = case.plan
    if case.has_dev:
        return []
    mend = "Import labelled dev rows, or publish the dev split for labelling"
    asked = {
        "Several learning rates or epochs are to be tried": plan.searches,
        f"Soft labels are to be kept by {plan.filter} filter": plan.filter != "none",
        "A hybrid keeps the better of its two students": plan.is_hybrid,
    }
    wanted = [what for what, is_asked in asked.items() if is_asked]
    if wanted:
        text = f"{'; '.join(wanted)}, and the study has no dev label to choose on. {mend}, or do without."
        return [Finding(topic="Dev", level=Level.REFUSED, text=text)]
    text = f"No dev label: one learning rate is taken as it is, and the last step kept. {mend}."
    return [Finding(topic="Dev", level=Level.WARNING, text=text)]


def _layers(case: _Case) -> list[Finding]:
    whole = shape_of(case.study.student_model)
    kept, frozen = case.plan.student_layers, case.plan.frozen_layers
    if whole is None or (not kept and not frozen):
        return []
    # Of a text-to-text student only the side that reads is ever frozen.
    num = len(kept) if kept else whole.layers
    if kept and max(kept) >= whole.layers:
        text = (
            f"student layers: {max(kept)} is none of the student's {whole.layers}, which are 0 to {whole.layers - 1}."
        )
        return [Finding(topic="Layers", level=Level.REFUSED, text=text)]
    if frozen > num:
        text = f"frozen layers: {frozen} is more than the student has, {num}. Freeze fewer."
        return [Finding(topic="Layers", level=Level.REFUSED, text=text)]
    return []


def _pooling(case: _Case) -> list[Finding]:
    known = TASK_TYPES[case.study.task_type].poolings
    if case.plan.pooling in known:
        return []
    text = f"pooling: {case.plan.pooling} is for pairs of texts, and this study has none. Take {', '.join(known)}."
    return [Finding(topic="Pooling", level=Level.REFUSED, text=text)]


def _length(case: _Case) -> list[Finding]:
    wanted = case.plan.max_length
    for role, model in case.models.items():
        shape = shape_of(model)
        if shape is not None and shape.positions is not None and wanted > shape.positions:
            text = f"max length: the {role} {model['name']} reads {shape.positions} tokens, not {wanted}. Lower it."
            return [Finding(topic="Length", level=Level.REFUSED, text=text)]
    return []


def _vocabulary(case: _Case) -> list[Finding]:
    """What a student can be distilled on depends on whether both cut texts alike."""
    if case.teacher is None:
        return []
    mine, theirs = tokenizer_fingerprint(case.student), tokenizer_fingerprint(case.teacher.model)
    student, teacher = shape_of(case.student), shape_of(case.teacher.model)
    if mine is None or theirs is None or student is None or teacher is None:
        text = "Student and teacher are not both on this machine yet; the run says what it distils on."
        return [Finding(topic="Vocabulary", level=Level.UNKNOWN, text=text)]
    same = mine == theirs
    writes = same and student.is_text_to_text and teacher.is_text_to_text
    if student.is_text_to_text and not writes and not _scores_labels(case.study):
        text = (
            "A text-to-text student learns from this teacher only where each text has one of at most "
            f"{MAX_SCORED_LABELS} labels. Take an encoder as student, or a text-to-text teacher with its tokenizer."
        )
        return [Finding(topic="Vocabulary", level=Level.REFUSED, text=text)]
    on = "the teacher's likeliest tokens" if writes else _distilled_on(case.study.task_type, same)
    has = "the same vocabulary" if same else "different vocabularies"
    return [Finding(topic="Vocabulary", level=Level.GOOD, text=f"Student and teacher have {has}: it distils on {on}.")]


def _scores_labels(study: Study) -> bool:
    return study.task_type in _ONE_LABEL and len(study.labels) <= MAX_SCORED_LABELS


def _distilled_on(task_type: str, same: bool) -> str:
    if task_type != _WORD_BY_WORD:
        return "a probability for each label"
    return "a probability for each word and tag" + ("" if same else ", aligned by the words of the text")


def _memory(case: _Case) -> list[Finding]:
    there = device_memory(case.device)
    needs = _needs(case)
    missing = [model["name"] for model in case.models.values() if shape_of(model) is None]
    if missing or there is None:
        why = (
            f"the config of {_listed(missing)} is not here" if missing else f"the memory of {case.device} is not known"
        )
        text = f"It cannot be said what it takes: {why}."
        return [Finding(topic="Memory", level=Level.UNKNOWN, text=text)]
    who, need = max(needs.items(), key=lambda item: item[1].total)
    said = f"The {who} takes about {need.total / GIB:.1f} of {there / GIB:.1f} GiB"
    if need.fixed > there:
        text = f"{said}, {need.fixed / GIB:.1f} of them whatever the batch. Choose a smaller model or a larger machine."
        return [Finding(topic="Memory", level=Level.REFUSED, text=text)]
    if need.total > there:
        text = f"{said} in batches of {case.plan.batch_size}: they will be cut into smaller ones, which takes longer."
        return [Finding(topic="Memory", level=Level.WARNING, text=text)]
    return [Finding(topic="Memory", level=Level.GOOD, text=f"{said}.")]


def _needs(case: _Case) -> dict[str, Footprint]:
    """The memory of each training; a teacher that an earlier run trained only reads."""
    texts = 2 if case.plan.pooling == BI_ENCODER else 1
    size = {"batch_size": case.plan.batch_size * texts, "max_length": case.plan.max_length}
    needs = {}
    for role, model in case.models.items():
        reads = role == "teacher" and case.teacher is not None and case.teacher.run is not None
        shape = shape_of(model)
        if shape is not None:
            needs[role] = reading_footprint(shape=shape, **size) if reads else training_footprint(shape=shape, **size)
    return needs


def _licence(case: _Case) -> list[Finding]:
    if case.teacher is None:
        return []
    name, found = case.teacher.model.get("name"), licence_of(case.teacher.model)
    texts = {
        Outputs.MAY_TRAIN: (Level.GOOD, f"{name}: {found}. Its outputs may train other models."),
        Outputs.MAY_NOT_TRAIN: (Level.REFUSED, f"{name}: {found}. Its outputs must not train other models."),
        None: (Level.WARNING, f"{name}: {found}. Nobody has said yet whether its outputs may train other models."),
    }
    level, text = texts[found.outputs]
    return [Finding(topic="Licence", level=level, text=text)]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{_shortened(name)}”" for name in names[:_NAMES_IN_MESSAGE])
    more = len(names) - _NAMES_IN_MESSAGE
    return f"{shown} and {more:,} more" if more > 0 else shown


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def cost_finding(*, estimate: ChainEstimate, left: Decimal, currency: str) -> Finding:
    """Say what runs will probably cost and what they hold, beside what their budget could take.

    Parameters: `left` what the budget could still hold for them, in its currency.
    """
    expected = estimate.whole.expected if estimate.whole else None
    said = (
        f"about {rounded_text(expected)} {currency}"
        if expected is not None
        else "nothing like it was run yet, so no estimate"
    )
    text = f"{said}; it holds {amount_text(estimate.limit)}, and {amount_text(left)} {currency} is left."
    if estimate.limit > left:
        missing = (
            f" {amount_text(estimate.limit - left)} are missing: give it fewer minutes, or raise the budget's limit."
        )
        return Finding(topic="Cost", level=Level.REFUSED, text=text + missing)
    return Finding(topic="Cost", level=Level.WARNING if estimate.will_pause else Level.GOOD, text=text)
