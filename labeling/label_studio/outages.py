"""Pausing calls to a Label Studio that hangs, so that not every caller waits for it in turn.

Only timeouts count: a call that is refused at once costs no time.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from labeling.models import Outage

# The first time may be chance, or one large request.
NUM_BEFORE_PAUSE = 2
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=2)
# The addresses that this process knows to have hung, so that a good answer costs no query.
_known: set[str] = set()


def pause_reason(*, url: str) -> str:
    """Say why Label Studio is not to be called now; empty if it may be. After each pause one caller tries."""
    outage = Outage.objects.filter(url=url).first()
    if outage is None:
        return ""
    _known.add(url)
    now = timezone.now()
    is_ours_to_try = Outage.objects.filter(pk=outage.pk, next_try_at__lte=now).update(next_try_at=now + FIRST_PAUSE)
    if is_ours_to_try or outage.num_timeouts < NUM_BEFORE_PAUSE:
        return ""
    return (
        f"Label Studio at {url} has not answered since {outage.since:%H:%M:%S} UTC. It is tried again at "
        f"{outage.next_try_at:%H:%M:%S} UTC."
    )


def note_timeout(*, url: str) -> None:
    """Note a timeout; from the second in a row on, calls pause for a while."""
    _known.add(url)
    if connection.in_atomic_block:
        # Its row would stay locked until the caller's transaction ends.
        return
    now = timezone.now()
    with transaction.atomic():
        Outage.objects.get_or_create(url=url, defaults={"since": now, "next_try_at": now})
        outage = Outage.objects.select_for_update().get(url=url)
        outage.num_timeouts += 1
        over = outage.num_timeouts - NUM_BEFORE_PAUSE
        outage.next_try_at = now + (min(FIRST_PAUSE * 2**over, LONGEST_PAUSE) if over >= 0 else timedelta())
        outage.save(update_fields=["num_timeouts", "next_try_at"])


def note_answer(*, url: str) -> None:
    if url in _known and not connection.in_atomic_block:
        _known.discard(url)
        Outage.objects.filter(url=url).delete()
