import signal
import subprocess
import sys
import threading
from typing import Any

from budgets.cost_kinds import CostKind
from connections.models import Answer, Outcome
from tests import beside
from tests.commands import ROOT
from tests.integration.connections.conftest import make_shop
from tests.language_server import Told, chosen_by, language_server

TEXTS = [f"a fine day {number}" for number in range(12)]
NUM_BEFORE = 5


def test_what_came_before_a_kill_is_kept_and_what_flew_is_paid_at_its_bound(transactional_db: None) -> None:
    stuck, lock, num_asked = threading.Event(), threading.Lock(), [0]
    release = threading.Event()

    def answer(request: dict[str, Any]) -> Told:
        with lock:
            num_asked[0] += 1
            is_stuck = num_asked[0] > NUM_BEFORE and not release.is_set()
        if is_stuck:
            stuck.set()
            release.wait(60)
        return chosen_by("fine")(request)

    with language_server(answer) as server:
        ours = make_shop(server.url, concurrency=2)
        kill_once(stuck, str(ours.connection.pk), str(ours.budget.pk), *TEXTS)
        release.set()
        in_flight = Answer.objects.filter(outcome=Outcome.PENDING, sent_at__isnull=False).count()
        assert 1 <= in_flight <= 2
        ours.buy(TEXTS)
    assert ours.outcomes() == {Outcome.ANSWERED: len(TEXTS), Outcome.LOST: in_flight}
    assert len(server.texts) == len(TEXTS) + in_flight
    assert ours.tokens_paid(CostKind.OUTPUT_TOKENS) == len(TEXTS) + in_flight
    lost = sum(Answer.objects.filter(outcome=Outcome.LOST).values_list("input_tokens", flat=True))
    assert ours.tokens_paid(CostKind.INPUT_TOKENS) == 30 * len(TEXTS) + lost
    assert ours.is_settled


def kill_once(happened: threading.Event, *arguments: str) -> None:
    """Start a buyer, and kill it as the kernel would, once something happened."""
    buyer = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/integration/connections/buyer.py"), *arguments], env=beside.environment()
    )
    try:
        assert happened.wait(60), "the buyer asked for nothing"
    finally:
        buyer.send_signal(signal.SIGKILL)
        buyer.wait()
