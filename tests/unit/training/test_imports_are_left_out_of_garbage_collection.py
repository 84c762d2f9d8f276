import gc
import sys

import pytest

import training.methods
from training import __main__ as program


def test_what_runs_import_is_left_out_and_all_that_follows_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a process that has not imported it; the package names the first one again afterwards.
    monkeypatch.setattr(training, "methods", training.methods)
    monkeypatch.delitem(sys.modules, "training.methods")
    already_left_out = gc.get_freeze_count()
    program._import_methods()
    assert gc.get_freeze_count() > already_left_out
    assert gc.isenabled()
