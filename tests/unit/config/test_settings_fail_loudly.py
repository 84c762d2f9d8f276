import runpy

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env, settings
from runs.execution import SECONDS_BETWEEN_RENEWALS
from training.runtime import stop


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FULCRUM_X", raising=False)
    with pytest.raises(ImproperlyConfigured, match="FULCRUM_X is not set"):
        env.text("FULCRUM_X")


@pytest.mark.parametrize(("value", "message"), [("ten", "not a whole number"), ("0", "too small")])
def test_a_bad_number_is_named(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("FULCRUM_X", value)
    with pytest.raises(ImproperlyConfigured, match=f"FULCRUM_X={value}.*{message}|FULCRUM_X='{value}'.*{message}"):
        env.number("FULCRUM_X", 5, minimum=1)


def test_a_lease_that_an_orphaned_trainer_would_outlive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCRUM_LEASE_SECONDS", "5")
    with pytest.raises(ImproperlyConfigured, match="FULCRUM_LEASE_SECONDS=5 is too small: 6 is the least"):
        runpy.run_path(settings.__file__)
    assert SECONDS_BETWEEN_RENEWALS + stop.SECONDS_TO_LEAVE + 2 * stop.SECONDS_BETWEEN_CHECKS < 6


@pytest.mark.parametrize(("value", "message"), [("60,soon", "not a list of whole numbers"), ("60,0", "too small")])
def test_a_bad_list_of_numbers_is_named(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("FULCRUM_X", value)
    with pytest.raises(ImproperlyConfigured, match=f"FULCRUM_X='{value}'.*{message}"):
        env.numbers("FULCRUM_X", (60,), minimum=1)


def test_a_list_of_numbers_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCRUM_X", "")
    assert env.numbers("FULCRUM_X", (60, 300)) == ()
    monkeypatch.delenv("FULCRUM_X")
    assert env.numbers("FULCRUM_X", (60, 300)) == (60, 300)


def test_a_flag_is_true_false_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCRUM_X", "yes")
    assert env.flag("FULCRUM_X") is True
    monkeypatch.setenv("FULCRUM_X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="neither true nor false"):
        env.flag("FULCRUM_X")


@pytest.mark.parametrize("value", ["gpu", "", "cuda:", "CPU"])
def test_a_device_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FULCRUM_RUN_DEVICE", value)
    with pytest.raises(ImproperlyConfigured, match=f"FULCRUM_RUN_DEVICE='{value}' is neither cpu nor cuda"):
        runpy.run_path(settings.__file__)
    monkeypatch.setenv("FULCRUM_RUN_DEVICE", "cuda:1")
    assert env.device("FULCRUM_RUN_DEVICE", "cpu") == "cuda:1"


def test_a_url_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "http://host")
    with pytest.raises(ImproperlyConfigured, match="BROKER_URL must start with"):
        env.url("BROKER_URL", "", schemes=("redis", "amqp"))
