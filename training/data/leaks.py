"""Texts in more than one split: a model must not be tested on what it was trained on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from training.answers import Rows
from training.data.near_duplicates import NearDuplicates, Texts
from training.job import Job

HELD_OUT: tuple[str, ...] = ("dev", "test")
DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Rows whose texts are in a held-out split too: `same` word for word, `near` with a few words changed."""

    same: int
    near: int

    @property
    def count(self) -> int:
        return self.same + self.near


def find_leaks(rows: Mapping[str, Rows]) -> dict[str, Leak]:
    """Find rows whose texts are in dev or test too, by `train_in_test` and so on.

    Case and white space make no difference, and the two texts of a pair may have changed places.
    """
    texts = {name: list(zip(*one.columns.values(), strict=True)) for name, one in rows.items()}
    leaks: dict[str, Leak] = {}
    for held_out in HELD_OUT:
        if held_out not in rows:
            continue
        known = {_digest(one) for one in texts[held_out]}
        nearby = NearDuplicates(texts[held_out]) if known else None
        for name in ("train", "pseudo", "dev"):
            if name in rows and name != held_out:
                others = [one for one in texts[name] if _digest(one) not in known]
                near = nearby.count(others) if nearby is not None else 0
                leaks[f"{name}_in_{held_out}"] = Leak(same=len(texts[name]) - len(others), near=near)
    return leaks


def report_leaks(job: Job, rows: Mapping[str, Rows]) -> dict[str, int]:
    """Count leaks and warn of each on the run's log: the measured figure is too high."""
    leaks = find_leaks(rows)
    for name, leak in leaks.items():
        if leak.count:
            first, second = name.split("_in_")
            nearly = f", {leak.near} of them with a few words changed" if leak.near else ""
            job.progress.log(
                f"warning: {leak.count} of {len(rows[first])} rows of {first} are in {second} too{nearly}; "
                f"what is measured on {second} is too high. Take them out of one of the two."
            )
    return {name: leak.count for name, leak in leaks.items()}


def _digest(texts: Texts) -> bytes:
    # Sorted: the other way round a pair says the same.
    alike = "\0".join(sorted(" ".join(text.casefold().split()) for text in texts))
    return hashlib.blake2b(alike.encode(), digest_size=DIGEST_BYTES).digest()
