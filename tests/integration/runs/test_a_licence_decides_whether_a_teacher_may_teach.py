from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.models import Path
from config.refusals import Refusal
from runs.control import start_annotate, start_distil
from runs.models import ModelLicence, OutputUse, Run
from runs.preflight import CheckLevel, licence_of, preflight, state_licence
from runs.preflight.licences import LicenceInvalid, LicenceUnconfirmed, OutputsMayNotTrain
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db
PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


@pytest.fixture
def unknown(make_study: Callable[..., Study]) -> Study:
    """A study of whose teacher's licence nobody knows anything."""
    study = make_study(teacher="foreign")
    ModelLicence.objects.all().delete()
    return study


def distil(study: Study, *, confirmed: bool = False) -> Run:
    return start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN, licence_confirmed=confirmed)


def test_a_forbidding_licence_blocks_distilling_and_not_annotating(unknown: Study) -> None:
    state_licence(
        actor=unknown.created_by, reference=unknown.teacher_model, licence="Strict 1", outputs=OutputUse.MAY_NOT_TRAIN
    )
    with pytest.raises(OutputsMayNotTrain, match=r"Strict 1 \(stated by .*Choose another teacher"):
        distil(unknown, confirmed=True)
    assert not Run.objects.exists() and not unknown.budget.holds.exists()
    assert start_annotate(actor=unknown.created_by, study=unknown, plan=PLAN)


def test_a_licence_that_nobody_knows_is_asked_for(unknown: Study) -> None:
    with pytest.raises(LicenceUnconfirmed, match="Read it; then confirm it here"):
        distil(unknown)
    request = RunRequest(study=unknown, path=Path.DISTIL, plan=PLAN)
    results = preflight(chain_of(request=request, inputs=count_inputs(request)))
    assert [one.level for one in results if one.topic == "Licence"] == [CheckLevel.WARNING]


def test_what_a_manager_confirms_is_kept_and_recorded(unknown: Study) -> None:
    distil(unknown, confirmed=True)
    (stated,) = ModelLicence.objects.all()
    assert (stated.name, stated.outputs, stated.stated_by) == (
        unknown.teacher_model["name"],
        OutputUse.MAY_TRAIN,
        unknown.created_by,
    )
    record = AuditRecord.objects.get(action="licence.state")
    assert (record.actor, record.after["outputs"]) == (unknown.created_by, "yes")
    assert licence_of(unknown.teacher_model).outputs == OutputUse.MAY_TRAIN


def test_a_start_that_fails_keeps_no_statement(unknown: Study) -> None:
    with pytest.raises(Refusal, match="unlabelled examples were requested"):
        start_distil(actor=unknown.created_by, study=unknown, num_unlabelled=9_999, plan=PLAN, licence_confirmed=True)
    assert not ModelLicence.objects.exists()


def test_models_that_packages_carry_may_teach() -> None:
    assert licence_of(factories.PACKAGE_MODEL).outputs == OutputUse.MAY_TRAIN


@pytest.mark.parametrize(
    ("licence", "outputs"), [("mit", OutputUse.MAY_TRAIN), ("llama2", OutputUse.MAY_NOT_TRAIN), ("my-own-1.0", None)]
)
def test_a_model_card_says_what_its_licence_allows(
    licence: str, outputs: OutputUse | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.preflight.licences.card_licence", lambda reference: licence)
    found = licence_of({"source": "hub", "name": "some/model"})
    assert (found.name, found.outputs) == (licence, outputs)


def test_an_artifacts_licence_is_that_of_its_base(monkeypatch: pytest.MonkeyPatch) -> None:
    base = factories.PACKAGE_MODEL
    bases = {"/runs/7": base}
    monkeypatch.setattr("runs.preflight.licences.base_model_of", lambda reference: bases.get(reference["name"]))
    assert licence_of({"source": "folder", "name": "/runs/7"}) == licence_of(base)


def test_the_later_statement_counts(unknown: Study) -> None:
    for outputs in (OutputUse.MAY_NOT_TRAIN, OutputUse.MAY_TRAIN):
        state_licence(actor=unknown.created_by, reference=unknown.teacher_model, outputs=outputs)
    assert ModelLicence.objects.count() == 1
    assert AuditRecord.objects.filter(action="licence.state").count() == 2
    assert distil(unknown)


@pytest.mark.parametrize(
    ("source", "name", "again"),
    [
        ("folder", "/models/x", "/models/x/"),
        ("folder", "/models/x", "/models/y/../x"),
        ("hub", "Some/Model", "some/model"),
    ],
)
def test_a_statement_holds_however_the_model_is_written(source: str, name: str, again: str) -> None:
    said, asked = ({"source": source, "name": one} for one in (name, again))
    state_licence(actor=factories.person(), reference=said, outputs=OutputUse.MAY_NOT_TRAIN)
    assert licence_of(asked).outputs == OutputUse.MAY_NOT_TRAIN
    state_licence(actor=factories.person(), reference=asked, outputs=OutputUse.MAY_TRAIN)
    assert ModelLicence.objects.get().outputs == OutputUse.MAY_TRAIN


def test_an_annotator_states_nothing() -> None:
    annotator = factories.person(Role.ANNOTATOR)
    with pytest.raises(Forbidden):
        state_licence(actor=annotator, reference=factories.PACKAGE_MODEL, outputs=OutputUse.MAY_TRAIN)


def test_a_statement_names_a_model() -> None:
    with pytest.raises(LicenceInvalid, match="hub, folder, package"):
        state_licence(actor=factories.person(), reference={"source": "hub"}, outputs=OutputUse.MAY_TRAIN)


def test_the_command_states_it_too(unknown: Study, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["hub", unknown.teacher_model["name"], "--licence", "Strict 1", "--outputs-may-train", "no"]
    call_command("state_licence", *named, "--as", unknown.created_by.email)
    assert "Its outputs must not train other models." in capsys.readouterr().out
    with pytest.raises(CommandError, match="No active person"):
        call_command("state_licence", *named, "--as", "nobody@example.com")
