"""A run's locked row, for whoever decides what becomes of it. Runs are locked before budgets, everywhere."""

from runs.models import Run, RunState


def locked(run: Run) -> Run:
    """The run as it is now; nobody else moves it until our transaction ends."""
    rows = Run.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("study__budget", "hold__price").get(pk=run.pk)


def locked_unless_moving(run_id: int, state: RunState) -> Run | None:
    """The run if it is in this state and nobody has it locked: whoever has is moving it on."""
    rows = Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return rows.select_related("study__budget", "hold__price").filter(pk=run_id, state=state).first()
