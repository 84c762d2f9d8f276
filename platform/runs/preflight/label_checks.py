"""Checks of a request's rows: whether there are enough, what their labels allow, and what dev is needed for."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from runs.checkpoints import base_model_of, model_folder, shape_of
from runs.models import RunKind
from runs.preflight.gold_spans import MOST_ROWS, Reader, count_spans
from runs.preflight.results import CheckLevel, CheckResult, quoted, shortened
from runs.requests import (
    WITHOUT_LABELS,
    Chain,
    NotEnoughExamples,
    NothingToMeasure,
    PlannedRun,
    check_test,
    check_unlabelled,
    trains,
)
from studies.editing import texts_of_labels
from studies.models import Split
from studies.queries import labelled
from tables.table import counted
from training.answers import GoldInvalid, chosen_segmentation, has_unspaced
from training.spec import AUTO, CONTRAST, FINETUNE, PROBE, pairs_texts

# With fewer, what a student learns is chance.
LEAST_LABELS = 4


def check_rows(chain: Chain) -> list[CheckResult]:
    """Whether there are as many rows as requested."""
    inputs, num_found, results = chain.inputs, len(chain.inputs.answers), []
    try:
        check_test(chain.study)
    except NothingToMeasure as refusal:
        results.append(CheckResult("Test", CheckLevel.REFUSED, str(refusal)))
    try:
        check_unlabelled(study=chain.study, num_labels=num_found, num_unlabelled=inputs.num_unlabelled)
    except NotEnoughExamples as refusal:
        results.append(CheckResult("Unlabelled", CheckLevel.REFUSED, str(refusal)))
    if inputs.num_labels > num_found:
        text = (
            f"{inputs.num_labels:,} labels were requested; the pool has {num_found:,}. Publish more examples, or ask "
            "for fewer."
        )
        results.append(CheckResult("Labels", CheckLevel.REFUSED, text))
    return results


def check_labels(chain: Chain) -> list[CheckResult]:
    answers = chain.inputs.answers
    num, counts = len(answers), Counter(answers)
    if not chain.inputs.num_labels:
        return [_check_none(chain)]
    needs_labels = any(run.needs_labels for run in chain.runs)
    if num < LEAST_LABELS and (needs_labels or len(counts) < 2):
        text = (
            f"{counted(num, 'label')} would be trained on; at least {LEAST_LABELS} are needed. Label more first, or "
            "ask for 0 labels."
        )
        return [CheckResult("Labels", CheckLevel.REFUSED, text)]
    if len(counts) == 1:
        text = (
            f"All {num:,} training labels are “{shortened(answers[0])}”: a model needs at least two different labels. "
            "Train on more labels, or label examples of the others."
        )
        return [CheckResult("Labels", CheckLevel.REFUSED, text)]
    missing = [label for label in chain.study.labels if label not in counts]
    if chain.study.definition.unit == "row" and missing:
        text = f"No training example has label {quoted(missing)}; it cannot be learned."
        return [CheckResult("Labels", CheckLevel.WARNING, text)]
    by_model = chain.inputs.num_by_model
    whose = f" {by_model:,} of them a language model gave." if by_model else ""
    return [CheckResult("Labels", CheckLevel.GOOD, f"{num:,} labels, {len(counts):,} different answers.{whose}")]


def _check_none(chain: Chain) -> CheckResult:
    """Whether a chain comes to something with no label at all."""
    study, fix = chain.study, "Label examples of the pool first"
    if not study.definition.has_labels and any(run.trains_on_labels for run in chain.runs):
        text = f"There are no labels to train on, and nothing else says what is to be written. {fix}."
        return CheckResult("Labels", CheckLevel.REFUSED, text)
    needy = next((run for run in chain.runs if run.needs_labels), None)
    if needy is not None:
        ways = f"or choose the recipe {' or '.join(WITHOUT_LABELS)}, which start from what labels mean"
        text = f"There are no labels to train on, and the recipe {needy.recipe} needs them. {fix}, {ways}."
        return CheckResult("Labels", CheckLevel.REFUSED, text)
    if chain.teacher is not None and (chain.plan.is_hybrid or chain.plan.gold_weight):
        name = "gold epochs" if chain.plan.is_hybrid else "gold weight"
        text = f"The student is to learn from labels besides ({name}), and there are none. {fix}, or leave that out."
        return CheckResult("Labels", CheckLevel.REFUSED, text)
    if chain.teacher is not None and chain.teacher.run is not None:
        text = "0 labels: the student learns from the teacher's soft labels alone."
        return CheckResult("Labels", CheckLevel.GOOD, text)
    silent = [label for label, texts in _said(chain).items() if not any(map(says_something, texts))]
    if len(study.labels) - len(silent) < study.definition.min_labels:
        text = f"There are no labels to train on, and {quoted(silent)} say nothing of what they mean. {fix}, or "
        return CheckResult("Labels", CheckLevel.REFUSED, f"{text}describe the labels on the study's page.")
    if not study.examples.filter(split=Split.POOL).exists():
        text = "There are no labels to train on, and the pool has no text to set label names against. Import examples."
        return CheckResult("Labels", CheckLevel.REFUSED, text)
    start = "0 labels: it starts from what the labels say of themselves"
    if silent:
        return CheckResult("Labels", CheckLevel.WARNING, f"{start}; {quoted(silent)} say nothing. Describe them.")
    return CheckResult("Labels", CheckLevel.GOOD, f"{start}, and from the texts of the pool.")


def _said(chain: Chain) -> dict[str, list[str]]:
    return {label: [label] for label in chain.study.labels} | texts_of_labels(chain.study)


def check_recipe(chain: Chain) -> list[CheckResult]:
    """Whether the models take the recipe: only a checkpoint that reads, and has no head of its own, takes a new one."""
    return [*_check_pairing(chain), *_check_heads(chain)]


def _check_pairing(chain: Chain) -> list[CheckResult]:
    trained = [run for run in chain.runs if run.kind in (RunKind.FINETUNE_STUDENT, RunKind.FINETUNE_TEACHER)]
    if pairs_texts(chain.study.definition) or not any(run.recipe == CONTRAST for run in trained):
        return []
    text = (
        f"The recipe {CONTRAST} is for single texts that are labelled as a whole, and this study has none. Choose "
        f"{AUTO} or {PROBE}."
    )
    return [CheckResult("Recipe", CheckLevel.REFUSED, text)]


def _check_heads(chain: Chain) -> list[CheckResult]:
    texts = [_head_refusal(run, num_labels=chain.inputs.num_labels) for run in chain.runs]
    return [CheckResult("Recipe", CheckLevel.REFUSED, text) for text in texts if text]


def _head_refusal(run: PlannedRun, *, num_labels: int) -> str:
    """Say why a checkpoint takes no new head, where the recipe of its run starts from one; empty where it does."""
    untrained = run.kind == RunKind.SCORE and not run.loads_trained
    is_trained = not untrained and trains(run.recipe, num_labels=num_labels)
    # A distilled student without a new head is fine-tuned from the start.
    if (
        run.loads_trained
        or run.asks
        or run.kind == RunKind.DISTIL
        or (is_trained and run.recipe not in (PROBE, CONTRAST))
    ):
        return ""
    shape, name = shape_of(run.base_model), run.base_model["name"]
    if shape is not None and shape.is_text_to_text:
        why = "writes its answer as text"
    elif not untrained and base_model_of(run.base_model) is not None:
        why = "is a trained model with a head of its own"
    else:
        return ""
    if is_trained:
        return f"{name} {why}, and the recipe {run.recipe} starts from a new head. Choose {FINETUNE} or {AUTO}."
    return (
        f"{name} {why}, so that nothing comes of it without fine-tuning. Choose another encoder, or label examples and "
        "fine-tune it."
    )


def check_spans(chain: Chain) -> list[CheckResult]:
    """Whether the student can find the gold spans; those it cannot are measured all the same, and count as missed."""
    study = chain.study
    if study.definition.unit != "word":
        return []
    train = chain.inputs.training_rows(MOST_ROWS)
    rows = [*train, *labelled(study, Split.TEST).values_list("fields", "label__value")[:MOST_ROWS]]
    texts, answers = [fields["text"] for fields, _ in rows], [answer for _, answer in rows]
    try:
        study.definition.read_gold(gold=answers, columns={"text": texts}, labels=study.labels)
    except GoldInvalid as invalid:
        text = f"The example “{shortened(texts[invalid.row])}” {invalid}"
        return [CheckResult("Spans", CheckLevel.REFUSED, text)]
    reader = _reader(chain, texts[: len(train)], answers[: len(train)])
    count = count_spans(texts=texts, answers=answers, reader=reader)
    counted = f"{count.num_spans:,} gold spans" + (f" of {len(rows):,} examples" if len(train) == MOST_ROWS else "")
    if not count.num_lost:
        text = f"All {counted} can be found, {reader.segmentation} by {reader.segmentation}."
        return [CheckResult("Spans", CheckLevel.GOOD, text)] if count.num_spans else []
    text = (
        f"{count.num_lost:,} of {counted} can never be found: {count.num_within:,} begin or end "
        f"within a {reader.segmentation}, {count.num_hidden:,} within a token of the student or beyond its "
        f"{chain.plan.max_length} tokens. Each counts as missed. Tag by characters (segmentation), raise max length, "
        "or choose a student whose tokens are shorter."
    )
    level = CheckLevel.REFUSED if count.num_lost == count.num_spans else CheckLevel.WARNING
    return [CheckResult("Spans", level, text)]


def check_dev(chain: Chain) -> list[CheckResult]:
    """Whether there are dev labels for what is chosen on dev."""
    plan = chain.plan
    if chain.inputs.num_dev:
        return []
    fix = "Import labelled dev rows, or publish the dev split for labelling"
    needs = {
        "Several learning rates or epochs are to be tried": plan.searches,
        f"Soft labels are to be kept by {plan.filter} filter": plan.filter != "none",
        "A hybrid keeps the better of its two students": plan.is_hybrid,
    }
    needed = [reason for reason, is_needed in needs.items() if is_needed]
    if needed:
        text = f"{'; '.join(needed)}, and the study has no dev label to choose on. {fix}, or do without."
        return [CheckResult("Dev", CheckLevel.REFUSED, text)]
    text = f"No dev labels: the single learning rate is used as given, and the last step is kept. {fix}."
    return [CheckResult("Dev", CheckLevel.WARNING, text)]


def _reader(chain: Chain, texts: Sequence[str], answers: Sequence[str]) -> Reader:
    """How the student will read, as the trainer chooses it by the training data."""
    segmentation = chain.plan.segmentation
    folder, shape = model_folder(chain.student), shape_of(chain.student)
    tokenizer = folder / "tokenizer.json" if folder else None
    return Reader(
        segmentation=chosen_segmentation(texts=texts, answers=answers) if segmentation == "auto" else segmentation,
        tokenizer=tokenizer if tokenizer and tokenizer.is_file() else None,
        max_length=chain.plan.max_length,
        labels=tuple(chain.study.labels) if shape is not None and shape.is_text_to_text else (),
    )


def says_something(text: str) -> bool:
    """Say whether a text has a word, or a sign that is one, as the engine does; a bare `1` or `B` is none."""
    return any(first.isalpha() and second.isalpha() for first, second in pairwise(text)) or has_unspaced(text)
