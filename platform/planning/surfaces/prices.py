"""What each cell of a surface costs somebody who owns some labels and some teachers already."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from planning.surfaces.cells import Booleans, Cells, Floats, Surface
from planning.surfaces.limits import Cap, NewLabels, Spending

CENTS = 1e-9
"""Dollars that are a rounding error."""


@dataclass(frozen=True, kw_only=True)
class Owned:
    """What was bought: the dollars of its labels, and for which cells the teacher is owned.

    `chosen_dollars`: of labels that a model chose, which are other ones than the random labels; `opinion_dollars`: of
    second opinions; `model_dollars`: of labels that a language model gave; `verified_dollars`: of verifying some.
    """

    label_dollars: float
    has_teacher: Booleans
    chosen_dollars: float = 0.0
    opinion_dollars: float = 0.0
    model_dollars: float = 0.0
    verified_dollars: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """The costs of cells, split: random labels, all compute, and the part of the compute that is the teacher's.

    `chosen_dollars`: of labels that a model chose, and of choosing them; `opinion_dollars`: of second opinions on
    labels that are there; `model_dollars`: of labels that a language model gives; `verified_dollars`: of people who
    verify some of these; None where no cell has any. `caps` and `new_labels`: what the purchases may take of each cap,
    and of the pool; None where nothing is said of the pool.
    """

    cells: Cells
    label_dollars: Floats
    compute_dollars: Floats
    teacher_dollars: Floats
    chosen_dollars: Floats | None = None
    opinion_dollars: Floats | None = None
    model_dollars: Floats | None = None
    verified_dollars: Floats | None = None
    caps: tuple[Cap, ...] = ()
    new_labels: NewLabels | None = None

    @classmethod
    def of(cls, surface: Surface) -> Self:
        """Split the totals of a surface."""
        cells = surface.cells
        totals = np.array([point.dollars for point in surface.points])
        labels = _label_dollars(cells, totals)
        compute = np.where(cells.is_annotate, 0.0, np.maximum(totals - labels, 0.0))
        return cls(
            cells=cells,
            label_dollars=labels,
            compute_dollars=compute,
            teacher_dollars=_teacher_dollars(cells, compute),
        )

    def nothing(self) -> Owned:
        """The state of somebody who owns nothing."""
        return Owned(label_dollars=0.0, has_teacher=np.zeros(len(self.cells), dtype=np.bool_))

    def prices(self, owned: Owned) -> Floats:
        """What each cell costs now; cents that are rounding errors count as nothing."""
        price = self._spending(owned).total
        return np.where(price < CENTS, 0.0, price)

    def within_caps(self, owned: Owned) -> Booleans:
        """Which cells the caps take."""
        spending = self._spending(owned)
        fits = np.ones(len(self.cells), dtype=np.bool_)
        for cap in self.caps:
            fits &= cap.taken(spending, is_annotate=self.cells.is_annotate) <= cap.left + CENTS
        return fits

    def fit_after(self, owned: Owned, cell: int) -> Booleans:
        """Which cells the caps and the pool still take once a first one is bought."""
        spending, then = self._spending(owned), self._spending(self.after(owned, cell))
        fits = np.ones(len(self.cells), dtype=np.bool_) if self.new_labels is None else self.new_labels.fit_after(cell)
        for cap in self.caps:
            before, more = (cap.taken(one, is_annotate=self.cells.is_annotate) for one in (spending, then))
            fits &= before[cell] + more <= cap.left + CENTS
        return fits

    def _spending(self, owned: Owned) -> Spending:
        people = np.maximum(self.label_dollars - owned.label_dollars, 0.0)
        for dollars, held in (
            (self.chosen_dollars, owned.chosen_dollars),
            (self.opinion_dollars, owned.opinion_dollars),
            (self.verified_dollars, owned.verified_dollars),
        ):
            people = people if dollars is None else people + np.maximum(dollars - held, 0.0)
        by_model = self.model_dollars
        tokens = np.zeros(len(self.cells)) if by_model is None else np.maximum(by_model - owned.model_dollars, 0.0)
        compute = self.compute_dollars - np.where(owned.has_teacher, self.teacher_dollars, 0.0)
        return Spending(people=people, tokens=tokens, compute=np.maximum(compute, 0.0))

    def after(self, owned: Owned, cell: int) -> Owned:
        """What is owned once a cell is bought: its labels, and the teacher if it has one."""
        chosen, opinions, by_model, verified = (
            0.0 if dollars is None else float(dollars[cell])
            for dollars in (self.chosen_dollars, self.opinion_dollars, self.model_dollars, self.verified_dollars)
        )
        bought = replace(
            owned,
            label_dollars=max(owned.label_dollars, float(self.label_dollars[cell])),
            chosen_dollars=max(owned.chosen_dollars, chosen),
            opinion_dollars=max(owned.opinion_dollars, opinions),
            model_dollars=max(owned.model_dollars, by_model),
            verified_dollars=max(owned.verified_dollars, verified),
        )
        if self.cells.is_annotate[cell]:
            return bought
        parts = (self.cells.labels, self.cells.teachers, self.cells.chosen, self.cells.opinions)
        is_same = np.all([part == part[cell] for part in parts], axis=0)
        return replace(bought, has_teacher=owned.has_teacher | is_same)


def _label_dollars(cells: Cells, totals: Floats) -> Floats:
    known = dict(zip(cells.labels[cells.is_annotate], totals[cells.is_annotate], strict=True))
    per_label = [total / labels for labels, total in known.items() if labels > 0]
    median = float(np.median(per_label)) if per_label else 0.0
    return np.array([known.get(labels, median * labels) for labels in cells.labels])


def _teacher_dollars(cells: Cells, compute: Floats) -> Floats:
    """T(L): where the straight line through the compute of one L's cells begins, within 0 and the cheapest of them."""
    students = ~cells.is_annotate & ~cells.is_teacher
    slopes = {}
    for labels in np.unique(cells.labels[students]):
        here = students & (cells.labels == labels)
        if here.sum() > 1:
            slopes[labels] = float(np.polyfit(cells.pseudo_labels[here], compute[here], 1)[0])
    usual = float(np.median(list(slopes.values()))) if slopes else 0.0
    teacher = np.zeros(len(cells))
    for labels in np.unique(cells.labels[~cells.is_annotate]):
        group = ~cells.is_annotate & (cells.labels == labels)
        looks, here = group & cells.is_teacher, group & students
        if looks.any():
            start = float(compute[looks][0])
        else:
            start = float(np.mean(compute[here] - slopes.get(labels, usual) * cells.pseudo_labels[here]))
        teacher[group] = np.clip(start, 0.0, compute[group].min())
    return teacher
