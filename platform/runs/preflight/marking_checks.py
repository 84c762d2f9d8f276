"""Checks of a request whose models read alone, and mark each answer in the passage of its question."""

from collections.abc import Iterator, Sequence

from runs.checkpoints import answered_as, shape_of
from runs.models import RunKind
from runs.preflight.gold_spans import MOST_ROWS
from runs.preflight.results import CheckLevel, CheckResult
from runs.requests import Chain
from studies.models import Split
from studies.queries import labelled
from training.spec import OF_WRITTEN
from training.tasks import MarkedAnswerType

WRITERS = "a text-to-text model such as T5, or a decoder such as SmolLM2"
Row = tuple[dict[str, str], str]


def is_marked(chain: Chain) -> bool:
    """Whether the answers of a request are marked by models that are known to read alone."""
    known = [shape for shape in map(shape_of, chain.models.values()) if shape is not None]
    reads = any(not shape.writes for shape in known)
    return reads and isinstance(answered_as(study=chain.study, reference=_reader(chain)), MarkedAnswerType)


def check_marking(chain: Chain) -> list[CheckResult]:
    """Whether every model marks, whether there are passages, and whether the answers are in them."""
    refused = [*_writers(chain), *_of_writing(chain)]
    if refused:
        return [CheckResult("Marking", CheckLevel.REFUSED, text) for text in refused]
    train = chain.inputs.training_rows(MOST_ROWS)
    rows = [*train, *labelled(chain.study, Split.TEST).values_list("fields", "label__value")[:MOST_ROWS]]
    if rows and not any(_passage(fields).strip() for fields, _ in rows):
        name = _reader(chain)["name"]
        text = f"{name} reads texts and marks answers in their passage, and no question here has one. Choose {WRITERS}."
        return [CheckResult("Marking", CheckLevel.REFUSED, text)]
    trains = any(run.kind != RunKind.SCORE and run.trains_on_labels for run in chain.runs)
    return [*_unmarked(train, "training", is_needed=trains), *_unmarked(rows[len(train) :], "test"), _length(chain)]


def _reader(chain: Chain) -> dict[str, str]:
    """The first model that is known to read alone."""
    shapes = ((model, shape_of(model)) for model in chain.models.values())
    return next(model for model, shape in shapes if shape is not None and not shape.writes)


def _writers(chain: Chain) -> Iterator[str]:
    shapes = {role: shape_of(model) for role, model in chain.models.items()}
    names = [f"the {role} {chain.models[role]['name']}" for role, shape in shapes.items() if shape and shape.writes]
    if names:
        yield (
            f"{', '.join(names).capitalize()} writes answers, and {_reader(chain)['name']} marks them in a passage: "
            "neither learns from the other. Choose two encoders, or two models that write."
        )


def _of_writing(chain: Chain) -> Iterator[str]:
    plan = chain.plan
    if plan.distil_from in OF_WRITTEN:
        yield "distil from: answers are those that a model writes, and these mark them. Distil from soft labels."
    if chain.teacher is not None and plan.num_answers != 1:
        yield "num answers: a passage is marked once. Leave it at 1."


def _unmarked(rows: Sequence[Row], name: str, *, is_needed: bool = False) -> Iterator[CheckResult]:
    """Count answers that are not in their passage word for word."""
    marked = MarkedAnswerType()
    lost = sum(marked.gold_span(answer=answer, passage=_passage(fields)) is None for fields, answer in rows)
    if not lost:
        return
    of = f"the first {len(rows):,}" if len(rows) == MOST_ROWS else f"{len(rows):,}"
    text = f"{lost:,} of {of} {name} answers are not in their passage word for word: "
    if lost == len(rows) and is_needed:
        yield CheckResult("Marking", CheckLevel.REFUSED, f"{text}nothing can be learned. Choose {WRITERS}.")
        return
    text += "they are left out of the training." if is_needed else "no model that marks can give them."
    yield CheckResult("Marking", CheckLevel.WARNING, text)


def _length(chain: Chain) -> CheckResult:
    text = (
        f"Answers of at most {chain.plan.answer_length} tokens are marked in the passage. A question and its passage "
        f"of more than {chain.plan.max_length} tokens are read in overlapping windows."
    )
    return CheckResult("Marking", CheckLevel.GOOD, text)


def _passage(fields: dict[str, str]) -> str:
    return str(fields.get("passage") or "")
