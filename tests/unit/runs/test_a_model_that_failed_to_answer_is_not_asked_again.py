from pathlib import Path
from typing import Any

import pytest

from runs.results import warm_model
from runs.results.warm_model import PredictionProcessFailed, predict_one


class FailingModel:
    """A model that is asked and gives no answer; it notes whether it was closed."""

    is_kept = True

    def __init__(self, error: BaseException) -> None:
        self.error, self.is_closed = error, False

    def can_answer(self, folder: Path) -> bool:
        return True

    def ask(self, texts: dict[str, str], *, limit_seconds: float) -> dict[str, Any]:
        raise self.error

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("error", [ValueError("no JSON"), PredictionProcessFailed(None), KeyboardInterrupt()])
def test_it_is_closed_whatever_went_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: BaseException
) -> None:
    model = FailingModel(error)
    monkeypatch.setattr(warm_model, "_kept", [model])
    with pytest.raises(type(error)):
        predict_one(folder=tmp_path, texts={"text": "a"}, limit_seconds=1.0)
    assert model.is_closed and not warm_model._kept
