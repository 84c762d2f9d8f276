"""What Celery does for money."""

from celery import shared_task

from budgets import forecast


# The name that messages of earlier versions have.
@shared_task(name="budgets.tasks.tell_forecasts", ignore_result=True)  # type: ignore[untyped-decorator]  # no types
def notify_forecasts() -> None:
    """Notify of budgets that will run out soon. Sent by the schedule; once per limit, however often it runs."""
    forecast.notify_forecasts()
