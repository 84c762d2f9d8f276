"""Selection of examples to label by uncertainty: on which basis, and in which order."""

from dataclasses import dataclass

from django.db.models import F, Func, QuerySet

from config.refusals import Refusal
from labeling.publishing import ChosenExamples, never_published
from runs.models import Run, RunKind, RunState
from runs.results import KeptScores, kept_scores, least_sure_first, newest_student
from studies.models import Example, Snapshot, Split, Study
from studies.queries import labelled

LEAST_RATIO = 2
"""Examples that there must be for each one that is chosen: of fewer, selecting is hardly a choice."""
STALE = 2
"""Times the labels of the model that scored: with more labels there, the newest student scores again."""


class NothingScored(Refusal):
    """No scores are there to choose by; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class SelectionBasis:
    """What there is to select by: scores of `scored_run`, else a student of `scorer`, which `num_to_score` await.

    `num_selectable` were never published, and are scored where scores are there. `is_scoring`: scores are on their way.
    """

    scored_run: int | None
    scorer: int | None
    num_to_score: int
    num_selectable: int
    is_scoring: bool

    def takes(self, num_examples: int) -> bool:
        """Whether so many can be chosen among enough others."""
        return num_examples * LEAST_RATIO <= self.num_selectable


def selection_basis(study: Study) -> SelectionBasis:
    """Read what a study has to select by; scores of a model of far fewer labels than there are now are none."""
    num_labels, scores = labelled(study, Split.POOL).count(), _fresh_scores(study)
    scorer = None if scores else newest_student(study)
    open_ones = study.runs.filter(kind=RunKind.SCORE, children__isnull=True).exclude(state__in=RunState.ended())
    return SelectionBasis(
        scored_run=scores.run.pk if scores else None,
        scorer=scorer.pk if scorer else None,
        num_to_score=study.examples.filter(split=Split.POOL).count() - num_labels if scorer else 0,
        num_selectable=(_selectable(study, scores.run) if scores else never_published(study=study)).count(),
        is_scoring=open_ones.exists(),
    )


def select_examples(study: Study) -> ChosenExamples:
    """The examples of the pool that may be published next, those first of which a model was least sure.

    Raises: NothingScored; ScoresUnreadable.
    """
    scores = _fresh_scores(study)
    if scores is None:
        raise NothingScored(
            f"“{study}” has no fresh scores to choose by. Start “Scores alone” with a student first, or publish in "
            "random order.",
            field="order",
        )
    by_uid = dict(_selectable(study, scores.run).values_list("uid", "pk"))
    ids = [by_uid[uid] for uid in least_sure_first(scores) if uid in by_uid]
    if not ids:
        raise NothingScored(
            f"Every example that {scores.run} scored is labelled or published. Have others scored, or publish in "
            "random order.",
            field="order",
        )
    return ChosenExamples(ids=ids, scores_key=scores.run.source_key)


def _fresh_scores(study: Study) -> KeptScores | None:
    scores = kept_scores(study)
    if scores is None or labelled(study, Split.POOL).count() > STALE * scores.model_run.num_labels:
        return None
    return scores


def _selectable(study: Study, run: Run) -> QuerySet[Example]:
    """Examples that a run scored, and that were never published."""
    assert run.unlabelled_id is not None, "what scores has rows to score"
    scored = Snapshot.objects.filter(pk=run.unlabelled_id).values_list(Func(F("unlabelled_ids"), function="unnest"))
    return never_published(study=study).filter(pk__in=scored)
