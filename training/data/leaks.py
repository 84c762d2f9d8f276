"""Texts in more than one split: a model must not be tested on what it was trained on."""

import hashlib
from collections.abc import Mapping

from training.answers import Rows
from training.job import Job

HELD_OUT: tuple[str, ...] = ("dev", "test")
DIGEST_BYTES = 16


def count_leaks(rows: Mapping[str, Rows]) -> dict[str, int]:
    """Count rows whose texts are in dev or test too, by `train_in_test` and so on, ignoring case and white space."""
    hashes = {name: [_digest(texts) for texts in zip(*one.columns.values(), strict=True)] for name, one in rows.items()}
    pairs = [
        (name, held_out)
        for held_out in HELD_OUT
        for name in ("train", "pseudo", "dev")
        if name in rows and held_out in rows and name != held_out
    ]
    known = {name: set(hashes[name]) for name in HELD_OUT if name in hashes}
    return {f"{name}_in_{other}": sum(one in known[other] for one in hashes[name]) for name, other in pairs}


def report_leaks(job: Job, rows: Mapping[str, Rows]) -> dict[str, int]:
    """Count leaks and warn of each on the run's log: the measured figure is too high."""
    leaks = count_leaks(rows)
    for name, count in leaks.items():
        if count:
            first, second = name.split("_in_")
            job.progress.log(
                f"warning: {count} of {len(rows[first])} rows of {first} are in {second} too; "
                f"what is measured on {second} is too high. Take them out of one of the two."
            )
    return leaks


def _digest(texts: tuple[str, ...]) -> bytes:
    alike = "\0".join(" ".join(text.casefold().split()) for text in texts)
    return hashlib.blake2b(alike.encode(), digest_size=DIGEST_BYTES).digest()
