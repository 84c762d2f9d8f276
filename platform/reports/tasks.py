"""What Celery does for reports. Each may be done any number of times: it says what is so by then."""

from celery import shared_task

from reports import advice, autopilot, cards
from runs.queries import find_artifact
from studies.models import Study


@shared_task(name="reports.tasks.write_card", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def write_card(*, artifact_id: int) -> None:
    """Write a new model's card with its costs. Sent once; one that is lost is made up when somebody asks for it."""
    cards.write_card(artifact=find_artifact(str(artifact_id)))


@shared_task(name="reports.tasks.refresh_cards", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def refresh_cards() -> None:
    """Bring cards up to corrections. Sent by the schedule; one that is lost is made up by the next."""
    cards.refresh_cards()


@shared_task(name="reports.tasks.recommend", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def recommend(*, study_id: int) -> None:
    """Recommend a study's next tranche. Delivered at least once; a state that has its words gets no others."""
    advice.recommend(study=Study.objects.select_related("budget__price_book").get(pk=study_id))
    autopilot.request_step(study_id)


@shared_task(name="reports.tasks.step_autopilot", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def step_autopilot(*, study_id: int) -> None:
    """Let a study's autopilot take a step. Delivered any number of times; a recommendation is bought once."""
    autopilot.step(study_id=study_id)


@shared_task(name="reports.tasks.step_autopilots", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def step_autopilots() -> None:
    """Have every autopilot that is on take a step. Sent by the schedule; one that is lost is made up by the next."""
    autopilot.request_steps()
