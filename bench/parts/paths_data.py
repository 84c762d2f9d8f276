"""JSON-lines files of `source` and `target`, read as tasks: what kind each is, its labels, and rows to draw from."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.answers import align_target, spans_to_json

# The study's prices; a file of another name takes the one that is asked for.
PRICES = {"wlp": 0.26, "stanceosaurus": 0.364, "fever": 0.129, "multipit_id": 0.20}
MAX_CLASSES = 50
# Fewer rows per class than this on average, and targets are answers in words, not classes.
MIN_ROWS_PER_CLASS = 10
# Of the rows, so many must follow a form for the file to have it.
FORM_SHARE = 0.95
MAX_TEST = 1_000
MAX_LENGTH = 256
TAG = re.compile(r"\[([\w/-]+)\]")
PAIR_NAME = re.compile(r"(?:^|\s)(\w+): ")

Row = tuple[dict[str, str], str]


class FileUnusable(ValueError):
    """A file is not JSON lines of source and target, or of no kind that the engine trains for."""


@dataclass(frozen=True)
class Task:
    """One file: its kind, labels, metric, dollars per label, test rows, and the pool that both paths draw from."""

    file: str
    task_type: str
    metric: str
    labels: tuple[str, ...]
    price: float
    test: tuple[Row, ...]
    pool: tuple[Row, ...]
    num_duplicates: int

    def drawn(self, seed: int) -> list[Row]:
        """The pool in the order in which this seed's people are handed it."""
        rows = list(self.pool)
        random.Random(seed).shuffle(rows)
        return rows

    @cached_property
    def max_length(self) -> int:
        """Tokens that hold all but the longest of the texts, at about one and a half per word."""
        lengths = sorted(sum(len(text.split()) for text in fields.values()) for fields, _ in self.pool)
        return min(MAX_LENGTH, 16 + lengths[len(lengths) * 19 // 20] * 3 // 2)


def read_tasks(folder: Path, *, price: float | None, default_price: float) -> tuple[list[Task], list[str]]:
    """Read every JSON-lines file of a folder; `x_train` and `x_test` are one task with its own test rows.

    Returns: the tasks, and a line for each file that is left out and why.

    Raises: FileUnusable, for a file that is not JSON lines of source and target.
    """
    files = {path.stem: path for path in sorted(folder.glob("*.jsonl"))}
    tasks, left_out = [], []
    for stem, path in files.items():
        if stem.endswith("_test") and f"{stem.removesuffix('_test')}_train" in files:
            continue
        name = stem.removesuffix("_train")
        held_out = files.get(f"{name}_test") if stem.endswith("_train") else None
        known = price or PRICES.get(name, default_price)
        try:
            tasks.append(_task(name, _read(path), _read(held_out) if held_out else None, known))
        except FileUnusable as problem:
            left_out.append(f"{path.name} is left out: {problem}")
    return tasks, left_out


def _read(path: Path) -> list[tuple[str, str]]:
    pairs = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                pairs.append(_pair(line, f"line {number}"))
    return pairs


def _pair(line: str, where: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        source, target = row["source"], row["target"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileUnusable(f"{where} is no JSON object with source and target ({error!r}).") from error
    if not (isinstance(source, str) and isinstance(target, str)):
        raise FileUnusable(f"{where}: source and target must both be text.")
    return source, target


def _task(name: str, pairs: list[tuple[str, str]], held_out: list[tuple[str, str]] | None, price: float) -> Task:
    known = _distinct(pairs)
    kept_out = _distinct(held_out) if held_out is not None else {}
    rows, labels, task_type, metric = _as_rows([*known.values(), *kept_out.values()])
    pool, test = rows[: len(known)], rows[len(known) :]
    if kept_out:
        pool = [row for key, row in zip(known, pool, strict=True) if key not in kept_out]
    random.Random(0).shuffle(pool)
    random.Random(0).shuffle(test)
    if not test:
        size = min(MAX_TEST, len(pool) // 4)
        pool, test = pool[size:], pool[:size]
    return Task(
        file=name,
        task_type=task_type,
        metric=metric,
        labels=tuple(labels),
        price=price,
        test=tuple(test[:MAX_TEST]),
        pool=tuple(pool),
        num_duplicates=len(pairs) + len(held_out or []) - len(pool) - len(test),
    )


def _distinct(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """One row for each text, the first: a text that is there twice cannot then be on both sides of a split."""
    found: dict[str, tuple[str, str]] = {}
    for source, target in pairs:
        if source.strip():
            found.setdefault(" ".join(source.casefold().split()), (source, target))
    return found


def _as_rows(pairs: list[tuple[str, str]]) -> tuple[list[Row], list[str], str, str]:
    """Find out what a file's rows are; returns them with the labels, the task type and its metric."""
    if len(pairs) < MIN_ROWS_PER_CLASS:
        raise FileUnusable(f"it has {len(pairs)} distinct rows.")
    counts = Counter(target for _, target in pairs)
    most = min(MAX_CLASSES, len(pairs) // MIN_ROWS_PER_CLASS)
    if 2 <= len(counts) <= most and all(counts):
        names = _pair_names([source for source, _ in pairs])
        rows = [_pair_row(source, target, names) if names else ({"text": source}, target) for source, target in pairs]
        return rows, sorted(counts), "pair_classification" if names else "text_classification", "accuracy"
    tags = _tags(pairs)
    if tags:
        return [_entity_row(source, target, tags) for source, target in pairs], tags, "entity_extraction", "micro_f1"
    raise FileUnusable(
        f"{len(counts)} different targets in {len(pairs)} rows, and they are no entities written “words [Label]”: "
        "the engine trains for classes, pairs and entities."
    )


def _pair_names(sources: list[str]) -> tuple[str, str] | None:
    """The two names of sources like `claim: … tweet: …`, None where they are plain texts."""
    heads = Counter(match[1] for source in sources if (match := re.match(r"(\w+): ", source)))
    first, count = heads.most_common(1)[0] if heads else ("", 0)
    if count < FORM_SHARE * len(sources):
        return None
    seconds = Counter(name for source in sources for name in set(PAIR_NAME.findall(source)) if name != first)
    second, count = seconds.most_common(1)[0] if seconds else ("", 0)
    return (first, second) if count >= FORM_SHARE * len(sources) else None


def _pair_row(source: str, target: str, names: tuple[str, str]) -> Row:
    first, _, second = source.partition(f" {names[1]}: ")
    # The engine wants words on both sides; a row that lacks the form has nothing on its second.
    return {"text_a": first.removeprefix(f"{names[0]}: ").strip() or "-", "text_b": second.strip() or "-"}, target


def _tags(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The labels of targets like `words [Label] words [Label]`; empty where they are something else."""
    filled = [(source, target) for source, target in pairs if target.strip()]
    ends = sum(bool(re.search(rf"{TAG.pattern}\s*$", target)) for _, target in filled)
    if not filled or ends < FORM_SHARE * len(filled):
        return []
    # Words of a text may stand in brackets too.
    counts = Counter(tag for _, target in filled for tag in TAG.findall(target))
    counts.subtract(tag for source, _ in filled for tag in TAG.findall(source))
    return sorted(tag for tag, count in counts.items() if count >= MIN_ROWS_PER_CLASS)


def _entity_row(source: str, target: str, labels: list[str]) -> Row:
    return {"text": source}, spans_to_json(align_target(text=source, target=target, labels=labels).spans)
