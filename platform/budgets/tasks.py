"""What Celery does for money."""

from celery import shared_task

from budgets import forecast


@shared_task(name="budgets.tasks.tell_forecasts", ignore_result=True)  # type: ignore[untyped-decorator]  # no types
def tell_forecasts() -> None:
    """Tell of budgets that will run out soon. Sent by the schedule; told once per limit, however often it runs."""
    forecast.tell_forecasts()
