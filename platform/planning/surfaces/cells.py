"""A recorded surface: which students were trained, what each cost, and how it scored."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
TEACHER = math.inf
"""The number of pseudo-labels that stands for the teacher itself, the limit of its students."""


class BadSurface(ValueError):
    """A recorded surface cannot be used; the message says where and how to mend it."""


@dataclass(frozen=True, order=True)
class Cell:
    """Labels owned and pseudo-labels used: 0 pseudo-labels is the annotate path, `TEACHER` the teacher itself.

    `teacher` numbers who teaches: 0 is the usual teacher, and any other another one. Of its labels, `chosen` are of
    examples that a model was least sure of; the others are of random ones. `layers` are those that a carved student
    keeps of its checkpoint, 0 where it has all. `opinions` of its labels rest on a second opinion, and on a third where
    two annotations differ. A language model gave `by_model` of its labels, and `verified` more, those that it was least
    sure of, which people verified; no teacher has any, and where it gave none of the others none count as verified.
    Of `by_model`, it gave `later` after those that people verified were chosen.
    """

    labels: int
    pseudo_labels: float = 0
    teacher: int = 0
    chosen: int = 0
    layers: int = 0
    opinions: int = 0
    by_model: int = 0
    verified: int = 0
    later: int = 0

    @property
    def is_usual(self) -> bool:
        """Whether it is a student of all layers, or a teacher, on the curves of the usual teacher."""
        return not self.teacher and not self.layers

    def __str__(self) -> str:
        agreed = f", {self.opinions:,} of the labels with second opinions" if self.opinions else ""
        return self._made_of + agreed + (f" for a student of {self.layers:,} layers" if self.layers else "")

    @property
    def _made_of(self) -> str:
        if self.pseudo_labels == 0:
            by_model = f", {self.by_model:,} of them by a language model" if self.by_model else ""
            by_model += f" and {self.verified:,} verified" if self.verified else ""
            return f"{self.labels:,} labels" + (f", {self.chosen:,} of them chosen" if self.chosen else "") + by_model
        if self.pseudo_labels == TEACHER:
            return f"{'another' if self.teacher else 'the'} teacher of {self.labels:,} labels"
        whose = " of another teacher" if self.teacher else ""
        return f"{self.labels:,} labels and {self.pseudo_labels:,.0f} pseudo-labels{whose}"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A measured cell. `score` is in percent; `sd` is the standard deviation of its error in points, where known."""

    cell: Cell
    dollars: float
    score: float
    sd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Many cells as arrays of one length."""

    labels: Floats
    pseudo_labels: Floats
    teachers: Floats
    chosen: Floats
    layers: Floats
    opinions: Floats
    by_model: Floats
    verified: Floats
    later: Floats
    is_annotate: Booleans = field(init=False)
    is_teacher: Booleans = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_annotate", self.pseudo_labels == 0)
        object.__setattr__(self, "is_teacher", np.isinf(self.pseudo_labels))

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> "Cells":
        """Arrays of single cells."""
        return cls(
            labels=np.array([float(cell.labels) for cell in cells]),
            pseudo_labels=np.array([float(cell.pseudo_labels) for cell in cells]),
            teachers=np.array([float(cell.teacher) for cell in cells]),
            chosen=np.array([float(cell.chosen) for cell in cells]),
            layers=np.array([float(cell.layers) for cell in cells]),
            opinions=np.array([float(cell.opinions) for cell in cells]),
            by_model=np.array([float(cell.by_model) for cell in cells]),
            verified=np.array([float(cell.verified) for cell in cells]),
            later=np.array([float(cell.later) for cell in cells]),
        )

    @classmethod
    def joined(cls, parts: Sequence["Cells"]) -> "Cells":
        """The cells of all parts, in their order."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _AMOUNTS})

    def take(self, which: Booleans | NDArray[np.intp]) -> "Cells":
        """Some of the cells, by number or where true."""
        return Cells(**{name: getattr(self, name)[which] for name in _AMOUNTS})

    def with_labels(self, labels: Floats) -> "Cells":
        """The same, each with another number of labels; none of them chosen."""
        return replace(self, labels=labels, chosen=np.zeros(len(labels)))

    def with_opinions(self, opinions: Floats) -> "Cells":
        """The same, with second opinions on another number of labels."""
        return replace(self, opinions=opinions)

    def times(self, factors: Floats) -> "Cells":
        """The same with so many times the labels, chosen ones among them."""
        return replace(self, labels=self.labels * factors, chosen=self.chosen * factors)

    def cell(self, place: int) -> Cell:
        """The cell of this number."""
        labels, pseudo_labels, *others = (float(getattr(self, name)[place]) for name in _AMOUNTS)
        return Cell(int(labels), pseudo_labels, *map(int, others))


_AMOUNTS = ("labels", "pseudo_labels", "teachers", "chosen", "layers", "opinions", "by_model", "verified", "later")


@dataclass(frozen=True, kw_only=True)
class Surface:
    """The recorded points of one task; no two of them are of the same cell."""

    name: str
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not self.points:
            raise BadSurface(f"{self.name}: it has no point. Record at least one trained student.")
        object.__setattr__(self, "points", merge_points(self.points))

    @property
    def cells(self) -> Cells:
        """The cells, in the order of the points."""
        return Cells.of([point.cell for point in self.points])

    @property
    def scores(self) -> Floats:
        """In percent, in the order of the points."""
        return np.array([point.score for point in self.points])


def merge_points(points: Iterable[Point]) -> tuple[Point, ...]:
    """Merge points of the same cell into one: mean score, cheapest dollars, the error of the mean."""
    groups: defaultdict[Cell, list[Point]] = defaultdict(list)
    for point in points:
        groups[point.cell].append(point)
    return tuple(_merged(group) for _, group in sorted(groups.items(), key=lambda pair: pair[0]))


def _merged(group: Sequence[Point]) -> Point:
    if len(group) == 1:
        return group[0]
    scores = [point.score for point in group]
    known = [point.sd for point in group if point.sd is not None]
    sd = math.sqrt(sum(each**2 for each in known) / len(known) / len(group)) if known else None
    return Point(
        cell=group[0].cell,
        dollars=min(point.dollars for point in group),
        score=sum(scores) / len(scores),
        sd=sd if sd is not None else float(np.std(scores, ddof=1)) / math.sqrt(len(scores)) or None,
    )
