"""What Celery does for reports. A card can be written any number of times; it says what the ledger has by then."""

from celery import shared_task

from reports import cards
from runs.queries import find_artifact


@shared_task(name="reports.tasks.write_card", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def write_card(*, artifact_id: int) -> None:
    """Write a new model's card with its costs. Sent once; one that is lost is made up when somebody asks for it."""
    cards.write_card(artifact=find_artifact(str(artifact_id)))


@shared_task(name="reports.tasks.refresh_cards", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def refresh_cards() -> None:
    """Bring cards up to corrections. Sent by the schedule; one that is lost is made up by the next."""
    cards.refresh_cards()
