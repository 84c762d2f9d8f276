import inspect
import json

import pytest
from celery import current_app

from runs import tasks
from runs.execution import queueing


def test_what_is_sent_is_what_the_task_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs, **_: sent.append((name, kwargs)))

    queueing._send(7)

    [(name, arguments)] = sent
    assert name == tasks.supervise.name
    assert json.loads(json.dumps(arguments)) == arguments
    assert set(arguments) == set(inspect.signature(tasks.supervise.run).parameters)
