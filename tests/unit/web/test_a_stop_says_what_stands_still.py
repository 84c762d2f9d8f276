from budgets.models import BudgetStop
from web.presenters.stops import Stopped

NOTHING = {"num_withdrawn": 0, "num_open": 0, "num_paused": 0, "num_waiting": 0, "num_running": 0}


def what(**counts: int) -> str:
    return Stopped(stop=BudgetStop(cause=BudgetStop.Cause.FROZEN), **{**NOTHING, **counts}).what


def test_only_what_there_is_is_counted() -> None:
    assert what(num_withdrawn=1, num_paused=2) == "1 annotation withdrawn from labelling; 2 runs paused."


def test_when_nothing_was_under_way_it_says_so() -> None:
    assert what() == "Nothing was in progress."
