import inspect

from reports import tasks
from runs.execution.endings import RECOMMEND_TASK


def test_a_recommendation_is_asked_for_by_study() -> None:
    assert tasks.recommend.name == RECOMMEND_TASK
    assert set(inspect.signature(tasks.recommend.run).parameters) == {"study_id"}
