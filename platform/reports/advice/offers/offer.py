"""What can be bought next: a student or a teacher, with its price."""

from dataclasses import dataclass, field
from decimal import Decimal

from budgets.models import Path
from budgets.money import ZERO
from planning.likely import Likely, apart, at_once
from planning.surfaces import Cell
from reports.advice.compute import Compute, Scoring
from reports.model_labels import Labeller


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A cell and its price: what `num_new` further labels and its runs are expected to cost.

    `num_waiting` of its labels are published already and not answered yet: their money is held. `minutes` is the time
    limit of each of the `num_runs` runs, `teacher_run` the teacher that is there already. `selection`: the scores by
    which a model chooses the further labels; None where they are random ones. `num_asked` of the labels that are there
    get a second opinion. `layers` are those that its student keeps
    of `of_layers`, none where it has all; the latter is 0 where no config says it. `labeller` gives the further labels
    where a language model does, and `audit` is what an audit of its labels costs, in words; `is_gold_only`: what such a
    model labelled in the pool is left out. People verify `num_to_verify` of its labels, those that it is least sure of;
    that is the part `for_verifying` of the price of labels.
    """

    cell: Cell
    num_new: int
    num_waiting: int
    labels: Decimal
    labels_likely: Likely
    compute: Compute
    minutes: int
    num_runs: int = 1
    teacher_run: int | None = None
    is_hybrid: bool = False
    selection: Scoring | None = None
    num_asked: int = 0
    layers: tuple[int, ...] = ()
    of_layers: int = 0
    labeller: Labeller | None = None
    audit: str = ""
    is_gold_only: bool = False
    num_to_verify: int = 0
    for_verifying: Decimal = ZERO

    @property
    def is_unaudited(self) -> bool:
        """Whether it rests on labels of a language model that nobody has looked at."""
        return self.labeller is not None and not self.labeller.is_audited

    @property
    def is_of_random_labels(self) -> bool:
        """Whether people give its further labels, of random examples, and are asked about none again."""
        return self.selection is None and not self.num_asked and not self.cell.by_model

    @property
    def compute_expected(self) -> Decimal:
        """Of its runs, and of scoring by which its labels are chosen."""
        return self.compute.expected + (self.selection.expected if self.selection else ZERO)

    @property
    def price(self) -> Decimal:
        return self.labels + self.compute_expected

    @property
    def likely(self) -> Likely:
        """The interval of its price; what it holds until it ends is the worst case."""
        compute = [self.compute.likely, *([self.selection.likely] if self.selection else [])]
        return apart(self.labels_likely, at_once(compute))

    @property
    def path(self) -> Path:
        return Path.DISTIL if self.cell.pseudo_labels else Path.ANNOTATE

    @property
    def is_startable(self) -> bool:
        """Whether all of its labels are there, as they are to be."""
        return not (self.num_new or self.num_waiting or self.num_asked or self.num_to_verify)


@dataclass(kw_only=True)
class Offers:
    """Those that the money left can be held for, the cheapest that it cannot, and why others are not on offer."""

    found: list[Offer] = field(default_factory=list)
    too_dear: list[Offer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
