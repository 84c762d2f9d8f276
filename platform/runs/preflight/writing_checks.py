"""Checks of a request without labels: models that can write or mark its answers, and room for what they write."""

from collections.abc import Iterator

from runs.checkpoints import shape_of
from runs.preflight.marking_checks import WRITERS, check_marking, is_marked
from runs.preflight.results import CheckLevel, CheckResult
from runs.requests import Chain
from training.spec import AUTO, FINETUNE


def check_writing(chain: Chain) -> list[CheckResult]:
    """Whether the models can write, and whether nothing is asked for that only labels have."""
    if chain.study.definition.has_labels:
        return _check_several(chain)
    of_labels = [CheckResult("Writing", CheckLevel.REFUSED, text) for text in _of_labels(chain)]
    if is_marked(chain):
        return [*of_labels, *check_marking(chain)]
    refused = [*(CheckResult("Writing", CheckLevel.REFUSED, text) for text in _readers(chain)), *of_labels]
    return refused or _room(chain)


def _check_several(chain: Chain) -> list[CheckResult]:
    if chain.teacher is None or chain.plan.num_answers == 1:
        return []
    text = "num answers: this study has labels, and no answers are written to its texts. Leave it at 1."
    return [CheckResult("Writing", CheckLevel.REFUSED, text)]


def _readers(chain: Chain) -> Iterator[str]:
    for role, model in chain.models.items():
        shape = shape_of(model)
        if shape is not None and not shape.writes:
            yield f"The {role} {model['name']} reads texts and cannot write any. Choose {WRITERS}."


def _of_labels(chain: Chain) -> Iterator[str]:
    plan = chain.plan
    if plan.recipe not in (AUTO, FINETUNE):
        yield f"The recipe {plan.recipe} makes a head for labels, and this study has none. Choose {FINETUNE}."
    if plan.untrained_teacher:
        yield "An untrained teacher scores labels, and this study has none. Have the teacher fine-tuned."
    if plan.filter == "confidence" and plan.keep is None and not is_marked(chain):
        yield "No threshold is chosen for written answers. Give the share of them to keep, or keep all."


def _room(chain: Chain) -> list[CheckResult]:
    """Whether a decoder reads prompt and answer behind each other."""
    needed = chain.plan.max_length + chain.plan.answer_length
    for role, model in chain.models.items():
        shape = shape_of(model)
        if shape is not None and shape.is_decoder_only and shape.positions is not None and needed > shape.positions:
            text = (
                f"The {role} {model['name']} reads {shape.positions} tokens; max length and answer length come to "
                f"{needed}. Lower one of them."
            )
            return [CheckResult("Writing", CheckLevel.REFUSED, text)]
    text = f"Answers have at most {chain.plan.answer_length} tokens; longer ones are cut and counted."
    return [CheckResult("Writing", CheckLevel.GOOD, text)]
