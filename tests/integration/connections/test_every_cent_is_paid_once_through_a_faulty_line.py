from collections.abc import Callable
from decimal import Decimal

import pytest

from connections.buying import PurchaseInterrupted
from connections.models import TokenBatch
from tests.faulty_line import FaultyLine, differences
from tests.integration.connections.conftest import PRICES, Shop
from tests.language_server import language_server

TEXTS = [f"{'fine' if number % 2 else 'bad'} day {number}" for number in range(300)]
BY_CLASS = {"input": Decimal(PRICES["input_tokens"]), "output": Decimal(PRICES["output_tokens"])}  # type: ignore[index]


def test_each_text_is_answered_once_and_each_cent_paid_once(shop: Callable[..., Shop]) -> None:
    """The same with 10,000 requests is `manage.py bench language_model`."""
    line = FaultyLine(seed=20)
    with language_server(line) as server:
        ours = shop(server.url, concurrency=8)
        with pytest.raises(PurchaseInterrupted):
            ours.buy(TEXTS, should_continue=lambda: len(server.requests) < 150)
        ours.buy(TEXTS, work_key="run:2")
    assert {"busy", "broken", "cut_before", "cut_after"} <= set(line.faults)
    assert differences(line, texts=TEXTS, spent=ours.spent, prices=BY_CLASS) == []
    assert not TokenBatch.objects.filter(settled_at__isnull=True).exists()
    assert ours.is_settled
