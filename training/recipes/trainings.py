"""The recipes that train, each with what a training of it starts from and what it minimises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from training.fewshot import FrozenHead
from training.recipes.head_start import HeadStart, tuned_head
from training.recipes.run import FitHead, RecipeRun
from training.spec import CONTRAST, FINETUNE
from training.train import ModelLoader, SearchResult


@dataclass(frozen=True, kw_only=True)
class Training:
    """A recipe that trains: `finetune` from no head, all others from one that was fitted before."""

    run: RecipeRun
    start: HeadStart
    recipe: str

    def loader(self, head: FrozenHead) -> ModelLoader:
        """Return a loader of its own for one training, or one search."""
        if self.recipe == FINETUNE:
            return self.run.loader(self.run.job.spec.training.pooling)
        loader = self.run.loader(self.run.head_pooling)
        loader.start_from(head)
        return loader

    @property
    def fit_head(self) -> FitHead | None:
        """What fits a head after the encoder was tuned; None where the head is trained with it."""
        return partial(tuned_head, self.start) if self.recipe == CONTRAST else None

    def trained(self, *, name: str = "") -> SearchResult:
        """Train on all labelled rows, by the run's search and from all its seeds; raises as training does."""
        return self.run.fine_tuned(self.loader(self.start.fit.head), fit_head=self.fit_head, name=name)
