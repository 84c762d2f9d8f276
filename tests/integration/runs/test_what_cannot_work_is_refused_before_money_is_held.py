"""A request is checked whole before anything is held; each refusal says what is wrong and how to mend it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import pytest
from pytest_django import Settings
from transformers import AutoModel

from budgets.models import Path
from config.refusals import Refusal
from planning.footprint import Shape
from runs.control import start_annotate, start_distil
from runs.models import Run, RunState
from runs.preflight import CheckLevel, CheckResult, label_checks, model_checks, preflight
from runs.preflight.results import PreflightRefused
from runs.requests import RunPlan, RunRequest, TeacherUnusable, chain_of, count_inputs
from studies.models import Label, Split, Study
from tests import factories
from tests.integration.runs.world import finish_all, in_state
from tests.tiny_model import WORDS, write_tiny_model
from training.contract import MAX_SCORED_LABELS

pytestmark = pytest.mark.django_db
PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)
ENCODER = Shape(vocabulary=100, hidden=8, layers=2, intermediate=8, heads=2, attention=8, positions=None)
WRITER = replace(ENCODER, decoder_layers=2)


@pytest.fixture
def tiny(tmp_path: FilePath) -> Callable[..., Study]:
    """A study of tiny models, of which the student and the teacher may cut texts differently."""

    def make(*, same: bool = True, has_dev: bool = True) -> Study:
        student = write_tiny_model(tmp_path / "student")
        teacher = write_tiny_model(tmp_path / "teacher", words=WORDS if same else WORDS[:-1])
        models = {"student_model": student, "teacher_model": teacher}
        references: dict[str, Any] = {
            role: {"source": "folder", "name": str(path), "revision": None} for role, path in models.items()
        }
        study = factories.study(**references)
        for split in (Split.POOL, Split.TEST, *([Split.DEV] if has_dev else [])):
            texts = [f"{split} text {number}" for number in range(6)]
            factories.examples(study, texts, split=split, labels=["good", "bad"] * 3)
        factories.examples(study, [f"unlabelled {number}" for number in range(6)])
        return study

    return make


def checked(study: Study, *, plan: RunPlan = PLAN, **sizes: Any) -> list[CheckResult]:
    """The results for a distillation."""
    request = RunRequest(study=study, path=Path.DISTIL, plan=plan, **sizes)
    return preflight(chain_of(request=request, inputs=count_inputs(request)))


def found(topic: str, study: Study, *, plan: RunPlan = PLAN) -> CheckResult:
    return next(one for one in checked(study, plan=plan) if one.topic == topic)


def refused(study: Study, **settings: Any) -> str:
    """The refusal of a run; nothing of it is left behind."""
    with pytest.raises(PreflightRefused) as refusal:
        start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, max_minutes=1, **settings))
    assert not Run.objects.exists() and not study.budget.holds.exists()
    return str(refusal.value)


def test_what_is_fine_is_said_too(tiny: Callable[..., Study]) -> None:
    said = checked(tiny())
    assert {one.topic for one in said} == {"Labels", "Vocabulary", "Memory", "Licence"}
    assert {one.level for one in said} == {CheckLevel.GOOD}


def test_three_labels_are_too_few_to_fine_tune(tiny: Callable[..., Study]) -> None:
    study = tiny()
    with pytest.raises(PreflightRefused, match="3 labels would be trained on; at least 4"):
        start_annotate(actor=study.created_by, study=study, num_labels=3, plan=replace(PLAN, recipe="finetune"))
    assert not study.budget.holds.exists()


def test_a_bi_encoder_is_for_pairs(tiny: Callable[..., Study]) -> None:
    assert "bi_encoder is for pairs of texts, and this study has none. Choose mean" in refused(
        tiny(), pooling="bi_encoder"
    )


def test_texts_are_paired_only_where_they_are_labelled_as_a_whole(tiny: Callable[..., Study]) -> None:
    study = spans_of(tiny(), (0, 4))
    result = found("Recipe", study, plan=replace(PLAN, recipe="contrast"))
    assert result.level == CheckLevel.REFUSED and result.text.endswith("Choose auto or probe.")


@pytest.mark.parametrize("recipe", ["probe", "contrast"])
def test_a_recipe_that_starts_from_a_new_head_needs_a_checkpoint_that_takes_one(
    tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    study = tiny()
    plan = replace(PLAN, recipe=recipe)
    assert all(one.topic != "Recipe" for one in checked(study, plan=plan))
    with monkeypatch.context() as patched:
        patched.setattr(label_checks, "base_model_of", lambda model: study.student_model)
        assert (
            f"head of its own, and the recipe {recipe} starts from a new head" in found("Recipe", study, plan=plan).text
        )
        assert all(one.topic != "Recipe" for one in checked(study, plan=replace(PLAN, recipe="auto")))
    monkeypatch.setattr(label_checks, "shape_of", lambda model: WRITER)
    assert "writes its answer as text" in refused(study, recipe=recipe, steps=4)


def test_one_class_only_is_refused(tiny: Callable[..., Study]) -> None:
    study = tiny()
    Label.objects.filter(example__split=Split.POOL).update(value="good")
    assert "All 6 training labels are “good”" in refused(study)


def test_a_label_that_no_example_has_is_a_warning(tiny: Callable[..., Study]) -> None:
    study = tiny()
    study.labels = ["good", "bad", "ugly"]
    assert found("Labels", study) == CheckResult(
        topic="Labels",
        level=CheckLevel.WARNING,
        text="No training example has label “ugly”; it cannot be learned.",
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"learning_rates": (1e-4, 3e-4)}, "Several learning rates or epochs are to be tried"),
        ({"filter": "confidence"}, "kept by confidence filter"),
        ({"gold_epochs": 2}, "A hybrid keeps the better"),
    ],
)
def test_what_is_chosen_on_dev_needs_one(tiny: Callable[..., Study], asked: dict[str, Any], said: str) -> None:
    study = tiny(has_dev=False)
    assert said in refused(study, **asked)
    assert start_annotate(actor=study.created_by, study=study, plan=PLAN).search == {}


def test_more_tokens_than_a_model_reads_are_refused(tiny: Callable[..., Study]) -> None:
    assert "reads 64 tokens, not 128. Lower it." in refused(tiny(), max_length=128)


@pytest.mark.parametrize("asked", [{"student_layers": (0, 2)}, {"frozen_layers": 3}])
def test_layers_that_are_not_there_are_refused(tiny: Callable[..., Study], asked: dict[str, Any]) -> None:
    assert "layers" in refused(tiny(), **asked)


@pytest.mark.parametrize(
    ("family", "asked", "said"),
    [
        ("albert", {"student_layers": (0, 1)}, "share one set of weights"),
        ("albert", {"frozen_layers": 1}, "Set them to 0, or use another student"),
        ("xlm", {"student_layers": (0,)}, "separate lists"),
        ("modernbert", {"student_layers": (1,)}, "Keep layer 0"),
    ],
)
def test_layers_that_cannot_be_told_apart_are_refused(
    tiny: Callable[..., Study], tmp_path: FilePath, family: str, asked: dict[str, Any], said: str
) -> None:
    study = tiny()
    folder = FilePath(shutil.copytree(study.student_model["name"], tmp_path / family))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": family}))
    study.student_model = {**study.student_model, "name": str(folder)}
    assert said in found("Layers", study, plan=replace(PLAN, **asked)).text


def test_more_tokens_than_embeddings_are_refused(tiny: Callable[..., Study]) -> None:
    study = tiny()
    folder = FilePath(study.student_model["name"])
    encoder = AutoModel.from_pretrained(folder)
    encoder.resize_token_embeddings(125)
    encoder.save_pretrained(folder)
    assert "127 tokens and embeddings for 125" in refused(study)


def test_pickled_weights_are_refused_before_a_run(tiny: Callable[..., Study]) -> None:
    study = tiny()
    (FilePath(study.student_model["name"]) / "model.safetensors").rename(
        FilePath(study.student_model["name"]) / "pytorch_model.bin"
    )
    assert "a pickle file, which is never loaded" in found("Model", study).text
    with pytest.raises(PreflightRefused, match="never loaded"):
        start_annotate(actor=study.created_by, study=study, plan=PLAN)


def test_a_revision_that_is_a_path_is_refused(tiny: Callable[..., Study]) -> None:
    study = tiny()
    study.student_model = {"source": "hub", "name": "owner/name", "revision": "../../../etc"}
    assert "Name a branch, a tag or a commit" in found("Model", study).text


@pytest.mark.parametrize("wanted", ["vectors", "both"])
def test_entities_have_no_vectors_to_learn(tiny: Callable[..., Study], wanted: str) -> None:
    result = found("Vectors", spans_of(tiny(), (0, 4)), plan=replace(PLAN, distil_from=wanted))
    assert result.level == CheckLevel.REFUSED and "entities are learned word by word" in result.text


def test_what_writes_text_has_no_vectors_to_learn(tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch) -> None:
    study = tiny()
    monkeypatch.setattr(model_checks, "shape_of", lambda model: WRITER if model == study.teacher_model else ENCODER)
    result = found("Vectors", study, plan=replace(PLAN, distil_from="both"))
    assert result.level == CheckLevel.REFUSED and "writes text and has no vector of it" in result.text
    assert all(one.topic != "Vectors" for one in checked(study))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"distil_from": "both", "recipe": "finetune", "untrained_teacher": True, "teacher_steps": None},
            "a pair apart, and the student",
        ),
        ({"distil_from": "vectors", "recipe": "finetune"}, "no head is fitted to vectors by the recipe finetune"),
    ],
)
def test_vectors_are_refused_that_a_student_of_pairs_cannot_learn(
    tiny: Callable[..., Study], asked: dict[str, Any], said: str
) -> None:
    study = tiny()
    study.task_type = "pair_classification"
    result = found("Vectors", study, plan=replace(PLAN, **asked))
    assert result.level == CheckLevel.REFUSED and said in result.text


def spans_of(study: Study, *parts: tuple[int, int]) -> Study:
    """Make it a study of entities, each text with these spans."""
    study.task_type = "entity_extraction"
    spans = [{"start": start, "end": end, "label": "good"} for start, end in parts]
    Label.objects.filter(example__study=study).update(value=json.dumps(spans))
    return study


def test_spans_that_words_cannot_hold_are_found_by_characters(tiny: Callable[..., Study]) -> None:
    study = spans_of(tiny(), (0, 2))
    result = found("Spans", study, plan=replace(PLAN, segmentation="word"))
    assert (
        result.level == CheckLevel.REFUSED and "12 of 12 gold spans can never be found: 12 begin or end" in result.text
    )
    assert "All 12 gold spans can be found, character by character" in found("Spans", study).text


def test_spans_behind_the_last_token_are_counted(tiny: Callable[..., Study]) -> None:
    study = spans_of(tiny(), (0, 4), (10, 11))
    Label.objects.filter(example__split=Split.POOL).update(value="[]")
    Label.objects.filter(example__split=Split.POOL, example__fields__text="pool text 0").update(
        value='[{"start": 0, "end": 4, "label": "good"}]'
    )
    result = found("Spans", study, plan=replace(PLAN, max_length=8))
    assert result.level == CheckLevel.WARNING and "of 13 gold spans can never be found: 0 begin or end" in result.text


def test_overlapping_spans_are_refused_before_a_run(tiny: Callable[..., Study]) -> None:
    assert "overlapping spans: 0 to 4 (good) and 2 to 9 (good)" in refused(spans_of(tiny(), (0, 4), (2, 9)))


def test_different_vocabularies_are_said_with_what_is_distilled(tiny: Callable[..., Study]) -> None:
    assert "the same vocabulary: it distils on a probability for each label" in found("Vocabulary", tiny()).text


def test_tags_of_different_vocabularies_are_aligned(tiny: Callable[..., Study]) -> None:
    study = tiny(same=False)
    study.task_type = "entity_extraction"
    assert "different vocabularies: it distils on a probability for each word and tag, aligned" in (
        found("Vocabulary", study).text
    )


def test_of_a_student_that_writes_only_the_side_that_reads_has_layers_to_freeze(
    tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_checks, "shape_of", lambda model: WRITER)
    assert "3 is more than the student has, 2" in refused(tiny(), frozen_layers=3)


@pytest.mark.parametrize("task_type", ["multi_label_classification", "entity_extraction"])
def test_a_student_that_writes_learns_no_sets_and_spans_from_an_encoder(
    tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch, task_type: str
) -> None:
    study = tiny()
    study.task_type = task_type
    of_student = {study.student_model["name"]: WRITER}
    monkeypatch.setattr(model_checks, "shape_of", lambda model: of_student.get(model["name"], ENCODER))
    monkeypatch.setattr(model_checks, "tokenizer_fingerprint", lambda model: model["name"])
    assert found("Vocabulary", study).level == CheckLevel.REFUSED


def test_a_student_that_writes_needs_tokens_or_few_labels(
    tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tiny()
    monkeypatch.setattr(model_checks, "shape_of", lambda model: WRITER)
    assert "the teacher's likeliest tokens" in found("Vocabulary", study).text
    monkeypatch.setattr(model_checks, "tokenizer_fingerprint", lambda model: model["name"])
    assert "a probability for each label" in found("Vocabulary", study).text
    study.labels = [f"label {number}" for number in range(MAX_SCORED_LABELS + 1)]
    assert found("Vocabulary", study).level == CheckLevel.REFUSED


def test_a_batch_that_does_not_fit_is_a_warning_and_a_model_that_does_not_is_refused(
    tiny: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tiny()
    monkeypatch.setattr(model_checks, "device_memory", lambda device: 800 * 2**20)
    long = RunPlan(num_seeds=1, batch_size=1024, max_length=64)
    assert found("Memory", study, plan=long).level == CheckLevel.WARNING
    monkeypatch.setattr(model_checks, "device_memory", lambda device: 600 * 2**20)
    assert "whatever the batch" in refused(study)


def test_a_bi_encoder_has_both_texts_of_a_pair_in_memory(tiny: Callable[..., Study]) -> None:
    study = tiny()
    apart = found("Memory", study, plan=RunPlan(num_seeds=1, batch_size=512, pooling="bi_encoder"))
    assert apart == found("Memory", study, plan=RunPlan(num_seeds=1, batch_size=1_024))
    assert apart != found("Memory", study, plan=RunPlan(num_seeds=1, batch_size=512))


def test_the_memory_of_another_machine_is_a_setting(tiny: Callable[..., Study], settings: Settings) -> None:
    settings.RUN_MEMORY_GB = 3
    assert "of 3.0 GiB" in found("Memory", tiny()).text


def test_what_is_not_on_this_machine_is_not_known_and_not_refused(study: Study) -> None:
    assert found("Memory", study).level == CheckLevel.UNKNOWN
    assert found("Vocabulary", study).level == CheckLevel.UNKNOWN


def test_only_a_training_that_succeeded_can_teach(study: Study) -> None:
    waiting = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    plan = RunPlan(num_seeds=1, teacher_run=waiting.pk, max_minutes=1)
    with pytest.raises(TeacherUnusable, match=f"teacher: {waiting.pk} is not a successful training"):
        start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)


@pytest.mark.django_db(transaction=True)
def test_a_finished_student_teaches_without_being_trained_again(study: Study) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    finish_all()
    assert in_state(first, RunState.SUCCEEDED)
    plan = RunPlan(num_seeds=1, steps=4, teacher_run=first.pk, max_minutes=1)
    student = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    scored = student.parents.get()
    assert list(scored.parents.all()) == [first]
    assert scored.state == RunState.QUEUED


def test_the_students_own_checkpoint_may_teach(make_study: Callable[..., Study]) -> None:
    study = make_study(teacher="other")
    plan = RunPlan(num_seeds=1, self_distil=True, max_minutes=1)
    student = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=plan)
    assert student.parents.get().parents.get().model == study.student_model


def refused_rows(study: Study, **sizes: Any) -> dict[str, str]:
    said = checked(study, **sizes)
    return {one.topic: one.text for one in said if one.level == CheckLevel.REFUSED}


def test_what_a_start_would_refuse_for_want_of_rows_is_said_before(tiny: Callable[..., Study]) -> None:
    study = tiny()
    assert refused_rows(study, num_labels=6, num_unlabelled=6) == {}
    assert "has 6 beside the 6 labels" in refused_rows(study, num_labels=6, num_unlabelled=7)["Unlabelled"]
    assert "the pool has 6" in refused_rows(study, num_labels=7)["Labels"]


def test_a_test_split_without_labels_is_said_before(tiny: Callable[..., Study]) -> None:
    study = tiny()
    Label.objects.filter(example__split=Split.TEST).delete()
    assert "no labelled example" in refused_rows(study)["Test"]


@pytest.mark.parametrize("sizes", [{"num_labels": -1}, {"num_labels": 10**30}, {"num_unlabelled": -5}])
def test_a_number_of_rows_that_no_study_has_is_refused_in_words(
    tiny: Callable[..., Study], sizes: dict[str, Any]
) -> None:
    with pytest.raises(Refusal, match=r"is not between [01] and"):
        checked(tiny(), **sizes)
