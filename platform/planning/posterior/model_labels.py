"""How students of labels score that a language model gave, by how many of these are right.

Of L labels, a share s is a model's, of which a share a is right; of people's, a share e is wrong; there are K classes.
Labels whose errors are spread evenly tell as much as m² L labels of people, with

    m = 1 - s + s (1 - b (1 - a)) / (1 - b e),  b = K / (K - 1)

(Angluin and Laird, Learning from Noisy Examples, Machine Learning 2, 1988, for K = 2). A model's errors are not spread
evenly: it errs alike on texts that are alike, and a student learns that. A part r of its errors comes back, so that the
student scores (1 - s r (1 - a)) of what m² L labels score: of a model's labels alone, with r = 1, at most a. Neither a
nor r is known; each draw has its own, and students that have such labels tell which are likely. Where people verified
some, those that the model was least sure of, s are the others, and a is what is right of these: see `verified_labels`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from planning.posterior.curves import from_even, points_per_even, to_even
from planning.posterior.fit import SEED, Worlds
from planning.posterior.likelihood import FREEDOM
from planning.posterior.particles import Rows
from planning.posterior.sampler import resample
from planning.posterior.verified_labels import LabelOrder, accuracy_left
from planning.surfaces import Cell, Cells, Floats, Point

NODES = np.log([0.01, 0.05, 0.15, 0.3, 0.5, 0.75, 1.0, 1.2])
"""Of ln m², at which scores are forecast; between them they are interpolated."""
DRAWS_PER_WORLD = 6
SMALLEST_ERROR = 0.05
ERROR_OF_PEOPLE = 0.05
"""Of the labels that people give: about what is found in published test sets (Northcutt, Athalye and Mueller, 2021)."""
COMES_BACK = (4.0, 2.0)
"""Beta belief of r: two thirds, with 80 % between 0.4 and 0.9."""
UNAUDITED = (0.7, 0.15)
"""Mean and sd of a before any is looked at: zero-shot answers of published models to tasks of few classes."""
MOST_SD = 0.9
"""Of the largest sd that a share of this mean can have."""


@dataclass(frozen=True, kw_only=True)
class LabelAccuracy:
    """What is believed of the share of a model's labels that are right; `num_audited` that people looked at.

    `order`: of how well its confidence tells those that are wrong.
    """

    num_classes: int
    mean: float = UNAUDITED[0]
    sd: float = UNAUDITED[1]
    num_audited: int = 0
    order: LabelOrder = field(default_factory=LabelOrder)

    def __post_init__(self) -> None:
        if self.num_classes < 2:
            raise ValueError(f"classes: {self.num_classes}; no label can be wrong where there are fewer than two.")

    def draw(self, random: np.random.Generator, size: int) -> Floats:
        """Draw shares, from a beta of this mean and sd."""
        mean = float(np.clip(self.mean, 0.01, 0.99))
        variance = min(self.sd, MOST_SD * (mean * (1 - mean)) ** 0.5) ** 2
        weight = mean * (1 - mean) / max(variance, 1e-6) - 1
        return random.beta(mean * weight, (1 - mean) * weight, size)

    def worth(self, accuracy: Floats, share: Floats) -> Floats:
        """How many labels of people each label counts for, where this share of all is the model's."""
        factor = self.num_classes / (self.num_classes - 1)
        of_model = np.maximum(1 - factor * (1 - accuracy), 0.0) / (1 - factor * min(ERROR_OF_PEOPLE, 0.5 / factor))
        found: Floats = (1 - share + share * of_model) ** 2
        return found


@dataclass(frozen=True, kw_only=True)
class _Errors:
    """Draws of how many of a model's labels are right, of how well it orders them, and of the part that comes back."""

    accuracy: Floats
    comes_back: Floats
    quality: Floats

    def take(self, rows: Rows) -> "_Errors":
        return _Errors(accuracy=self.accuracy[rows], comes_back=self.comes_back[rows], quality=self.quality[rows])

    def left(self, shares: "_Shares") -> Floats:
        """How many are right of those that nobody verified: draws by cells."""
        accuracy = np.repeat(self.accuracy[:, None], len(shares.verified), axis=1)
        some = shares.verified > 0
        left = accuracy_left(
            accuracy=accuracy[:, some], share=shares.verified[None, some], quality=self.quality[:, None]
        )
        accuracy[:, some] = left + shares.later[some] * (accuracy[:, some] - left)
        return accuracy


@dataclass(frozen=True, kw_only=True)
class _Shares:
    """Of each cell: of its labels, those that are the model's; of these, those that it gave later.

    `verified`: of all that were there when some were chosen, those that people verified.
    """

    by_model: Floats
    verified: Floats
    later: Floats

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> "_Shares":
        return cls(
            by_model=np.array([cell.by_model / cell.labels for cell in cells]),
            verified=np.array([cell.verified / (cell.verified + cell.by_model - cell.later) for cell in cells]),
            later=np.array([cell.later / cell.by_model for cell in cells]),
        )

    def last(self, number: int) -> "_Shares":
        return _Shares(by_model=self.by_model[-number:], verified=self.verified[-number:], later=self.later[-number:])


def worlds_with_model_labels(
    *, cells: Cells, points: Sequence[Point], accuracy: LabelAccuracy | None, draw: Callable[[Cells], Worlds]
) -> Worlds:
    """Draw true scores at cells of which some have labels that a language model gave.

    Parameters: `points` are the students of such labels: draws that forecast their scores better are kept oftener;
        `accuracy` is None where nothing can be said of such labels, which then count like people's; `draw` draws the
        scores of cells without any.
    """
    every = [*map(cells.cell, range(len(cells))), *(point.cell for point in points)]
    plain = Cells.of([replace(cell, by_model=0, verified=0, later=0) for cell in every])
    places = [place for place, cell in enumerate(every) if cell.by_model]
    if accuracy is None or not places:
        worlds = draw(plain)
        return Worlds(phi=worlds.phi[:, : len(cells)], noise=worlds.noise)
    some = [every[place] for place in places]
    at_nodes = [_fewer(cell, float(times)) for times in np.exp(NODES) for cell in some]
    worlds = draw(Cells.of([*map(plain.cell, range(len(plain))), *at_nodes]))
    size = len(worlds.noise)
    phi_nodes = worlds.phi[:, len(every) :].reshape(size, len(NODES), len(some)).swapaxes(1, 2)
    shares = _Shares.of(some)
    random = np.random.default_rng(SEED)
    rows = np.repeat(np.arange(size), DRAWS_PER_WORLD if points else 1)
    errors = _Errors(
        accuracy=accuracy.draw(random, len(rows)),
        comes_back=random.beta(*COMES_BACK, len(rows)),
        quality=accuracy.order.draw(np.random.default_rng([SEED, 1]), len(rows)),
    )
    if points:
        phi = _lowered(phi_nodes[rows][:, -len(points) :], errors, shares.last(len(points)), accuracy)
        kept = resample(_likelihoods(phi, worlds.noise[rows], points), size, random)
        rows, errors = rows[kept], errors.take(kept)
    found = worlds.phi[rows]
    found[:, places] = _lowered(phi_nodes[rows], errors, shares, accuracy)
    return Worlds(phi=found[:, : len(cells)], noise=worlds.noise[rows])


def _fewer(cell: Cell, times: float) -> Cell:
    """A cell of people's labels alone, so many times as many."""
    labels = max(round(cell.labels * times), 1)
    return replace(cell, labels=labels, chosen=0, opinions=0, by_model=0, verified=0, later=0)


def _lowered(phi_nodes: Floats, errors: _Errors, shares: _Shares, belief: LabelAccuracy) -> Floats:
    """Phi of each draw (rows) at each cell: as of the labels that its own count for, less what comes back of errors."""
    accuracy, share = errors.left(shares), shares.by_model[None, :]
    worth = belief.worth(accuracy, share)
    logs = np.log(np.maximum(worth, np.exp(NODES[0])))
    right = np.clip(np.searchsorted(NODES, logs), 1, len(NODES) - 1)
    part = np.clip((logs - NODES[right - 1]) / (NODES[right] - NODES[right - 1]), 0.0, 1.0)
    before, after = (np.take_along_axis(phi_nodes, node[..., None], axis=2)[..., 0] for node in (right - 1, right))
    kept = 1 - share * errors.comes_back[:, None] * (1 - accuracy)
    return to_even(from_even(before + part * (after - before)) * kept)


def _likelihoods(phi: Floats, noise: Floats, points: Sequence[Point]) -> Floats:
    """How likely the scores of points are in each draw: Student's t around its phi."""
    scores = np.array([point.score for point in points])
    sds = np.array([np.nan if point.sd is None else point.sd for point in points]) * points_per_even(scores)
    scale = np.where(np.isnan(sds)[None, :], noise[:, None], np.maximum(sds, SMALLEST_ERROR)[None, :])
    away = (to_even(scores)[None, :] - phi) / scale
    logs = -0.5 * (FREEDOM + 1) * np.log1p(away**2 / FREEDOM).sum(axis=1) - np.log(scale).sum(axis=1)
    weights: Floats = np.exp(logs - logs.max())
    return weights
