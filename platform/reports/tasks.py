"""What Celery does for reports. Each may be done any number of times: it says what is so by then."""

from celery import shared_task

from reports import advice, cards
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
