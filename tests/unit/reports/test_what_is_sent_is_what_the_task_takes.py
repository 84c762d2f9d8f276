import inspect

import pytest
from celery import current_app

from reports import tasks
from reports.advice import recommending
from runs.execution import endings


@pytest.mark.parametrize("send", [recommending._send, endings._ask_for_recommendation])
def test_a_recommendation_is_asked_for_by_study(send: object, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs, **_: sent.append((name, kwargs)))
    assert callable(send)
    send(7)
    assert sent == [(tasks.recommend.name, {"study_id": 7})]
    assert set(sent[0][1]) == set(inspect.signature(tasks.recommend.run).parameters)
