"""A language model's server behind a line that fails at random, with a log of what it answered and would charge for.

Busy answers (429, 500, 502, 503) and connections that are cut before the model has worked cost nothing; one that is cut
afterwards was worked on, and nobody heard the answer.
"""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connections.models import Answer, Outcome
from tests.language_server import CUT, Answerer, Told, chosen_by

FAULTS = {"busy": 0.04, "broken": 0.04, "cut_before": 0.01, "cut_after": 0.01}
_BROKEN = (500, 502, 503)


@dataclass
class FaultyLine:
    """Answers like `chosen_by`, spoiled by a seed; `heard` and `unheard` count answers by text."""

    seed: int
    model: Answerer = field(default_factory=lambda: chosen_by("fine"))
    heard: Counter[str] = field(default_factory=Counter)
    unheard: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    charged: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def __call__(self, request: dict[str, Any]) -> Told:
        with self._lock:
            fault = self._drawn()
            self.faults[fault] += 1
            status = self._random.choice(_BROKEN)
        if fault == "busy":
            return 429, {"error": {"message": "slow down"}, "retry_after": 0}
        if fault == "broken":
            return status, {"error": {"message": "try again"}, "retry_after": 0}
        return CUT if fault == "cut_before" else self._worked(request, is_heard=fault != "cut_after")

    def _worked(self, request: dict[str, Any], *, is_heard: bool) -> Told:
        told, text = self.model(request), request["messages"][-1]["content"]
        assert not isinstance(told, str)
        with self._lock:
            (self.heard if is_heard else self.unheard)[text] += 1
            for name in ("prompt_tokens", "completion_tokens") if is_heard else ():
                self.charged[name] += told[1]["usage"][name]
        return told if is_heard else CUT

    def _drawn(self) -> str:
        place = self._random.random()
        for fault, share in FAULTS.items():
            place -= share
            if place < 0:
                return fault
        return ""


def differences(line: FaultyLine, *, texts: list[str], spent: Decimal, prices: dict[str, Decimal]) -> list[str]:
    """What is not as it must be: each text answered once, and each cent paid once, by the server's own log.

    A request whose answer nobody heard is paid at its bound. Parameters: `prices` of 1,000 tokens, by class.
    """
    answered = Answer.objects.filter(outcome=Outcome.ANSWERED).count()
    lost = list(Answer.objects.filter(outcome=Outcome.LOST).values_list("most_input_tokens", "most_output_tokens"))
    num_input = line.charged["prompt_tokens"] + sum(bound for bound, _ in lost)
    num_output = line.charged["completion_tokens"] + sum(bound for _, bound in lost)
    owed = (num_input * prices["input"] + num_output * prices["output"]) / 1000
    given_up = [text for text in texts if not line.heard[text]]
    checks = {
        "texts answered more than once": [text for text, times in line.heard.items() if times > 1],
        "answers kept beside those heard": answered - line.heard.total(),
        "lost requests beside those cut": len(lost) - line.faults["cut_before"] - line.faults["cut_after"],
        "texts given up that were not cut twice": len(given_up) - _num_lost_twice(),
        "paid beside what is owed": spent - owed,
    }
    return [f"{name}: {found}" for name, found in checks.items() if found]


def _num_lost_twice() -> int:
    keys = Counter(Answer.objects.filter(outcome=Outcome.LOST).values_list("key", flat=True))
    answered = set(Answer.objects.filter(key__in=keys, outcome=Outcome.ANSWERED).values_list("key", flat=True))
    return sum(times > 1 and key not in answered for key, times in keys.items())
