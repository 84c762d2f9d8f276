"""Which labels of a study are of examples that a model chose: by its scores, or of its own labels for verification."""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from planning.posterior import LeastSure, least_sure
from runs.models import ModelLabel
from studies.models import ChosenBy, Example, Study


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Of some labels, the examples that a model was least sure of: by its scores, and `verified` ones of its labels.

    `scores_keys` name who scored the former. Beside other labels of the model, which were there when the latter were
    chosen but for `num_later` that it gave afterwards, none of the latter is `chosen`. Without these it is those of
    them that chance would not have taken.
    """

    by_scores: frozenset[int]
    scores_keys: tuple[str, ...]
    verified: frozenset[int]
    num_later: int
    chosen: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What models chose in a study: the key of who scored, by example; and when people were to verify what.

    `given_at` and `ranks` are of the examples that a language model labelled.
    """

    scores_keys: dict[int, str] = field(default_factory=dict)
    verified_at: dict[int, datetime] = field(default_factory=dict)
    given_at: dict[int, datetime] = field(default_factory=dict)
    ranks: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of_studies(cls, studies: Sequence[Study]) -> dict[int, "Choices"]:
        """By study, of those where any example was chosen."""
        chosen = Example.objects.filter(study__in=studies).exclude(chosen_by=ChosenBy.CHANCE).order_by("pk")
        found = defaultdict[int, Choices](cls)
        rows = chosen.values_list("study", "pk", "chosen_by", "scores_key", "publication__offered_at")
        for study, pk, how, scored_by, at in rows:
            if how == ChosenBy.UNCERTAINTY:
                found[study].scores_keys[pk] = scored_by
            elif at is not None:
                found[study].verified_at[pk] = at
        if some := [study for study, one in found.items() if one.verified_at]:
            # One that was labelled, freed and labelled again has two; the later is its label.
            labels = ModelLabel.objects.filter(example__study__in=some, example__label__isnull=False).order_by("pk")
            for study, pk, at, rank in labels.values_list("example__study", "example", "created_at", "example__rank"):
                found[study].given_at[pk], found[study].ranks[pk] = at, rank
        return dict(found)

    def among(self, *, by_people: Set[int], by_model: Set[int]) -> Chosen:
        """Find them among the examples of some labels, those that people gave and those that a language model did."""
        verified = self.verified_at.keys() & by_people
        others = self._left_out(by_people) if verified and not by_model else by_model
        found = least_sure(
            verified_at={one: self.verified_at[one] for one in sorted(verified)},
            given_at={one: self.given_at[one] for one in self.given_at.keys() & (verified | others)},
        )
        by_scores = frozenset(self.scores_keys.keys() & by_people)
        return Chosen(
            by_scores=by_scores,
            scores_keys=tuple(dict.fromkeys(self.scores_keys[one] for one in sorted(by_scores))),
            verified=found.verified if by_model else frozenset(),
            num_later=found.num_later if by_model else 0,
            chosen=by_scores if by_model else by_scores | self._not_by_chance(found),
        )

    def _not_by_chance(self, found: LeastSure) -> frozenset[int]:
        """As many of the verified labels as chance would not have taken, spread evenly over the order of runs."""
        number, most = found.num_not_by_chance, len(found.verified)
        order = sorted(found.verified, key=lambda one: (self.ranks.get(one, ""), one))
        return frozenset(
            one for place, one in enumerate(order) if (place + 1) * number // most > place * number // most
        )

    def _left_out(self, by_people: Set[int]) -> Set[int]:
        """What a language model labelled before the last of these in rank order, as runs take them, and is none."""
        last = max((self.ranks[one] for one in self.ranks.keys() & by_people), default="")
        return {one for one, rank in self.ranks.items() if rank <= last} - by_people
