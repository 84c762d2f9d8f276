"""The same search and the same seeds for whatever is trained: rates and lengths tried on dev, the best repeated.

Both paths train through here, so that neither is tuned more than the other. All of it happens within one run, and is
billed to that run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from training.contract import TRIALS
from training.evaluation import Examiner
from training.job import Job
from training.models import state_in_fp32
from training.runtime import write_json
from training.spec import RunSpec, SpecInvalid, TrainingSettings
from training.train.checkpoint import UNREADABLE, read_whole, save_whole
from training.train.setup import Lesson, Start
from training.train.two_stage import Fitted, fit_classifier


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training: how fast, how long, from which seed."""

    settings: TrainingSettings
    seed: int

    @property
    def name(self) -> str:
        """A name for its files, the same whenever the run is taken up again."""
        length = f"{self.settings.steps}-steps" if self.settings.steps else f"{self.settings.epochs}-epochs"
        return f"rate-{self.settings.learning_rate:g}-{length}-seed-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a trial ended, its score on dev in the study's metric."""

    trial: Trial
    fitted: Fitted

    @property
    def dev(self) -> float | None:
        """The score on dev; None without dev."""
        return self.fitted.dev

    def payload(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        settings = self.trial.settings
        named = {"learning_rate": settings.learning_rate, "epochs": settings.epochs, "steps": settings.steps}
        return {**named, "seed": self.trial.seed, **asdict(self.fitted)}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the trials came to: every trial of the search, and the chosen settings from each seed."""

    search: tuple[Outcome, ...]
    seeds: tuple[Outcome, ...]
    examiners: tuple[Callable[[], Examiner], ...]

    @property
    def best(self) -> int:
        """The place of the seed that did best on dev; of equal ones, and without dev, the first."""
        return max(range(len(self.seeds)), key=lambda place: (self.seeds[place].dev or 0.0, -place))


def search_and_train(*, job: Job, lesson: Lesson, start: Start) -> Trained:
    """Search on dev, then train the best settings from every seed.

    Parameters
    ----------
    job
        its spec says what to search and how many seeds; with nothing to search and one seed this is one training.
    lesson
        rows, loss and held-out splits, shared by all trials.
    start
        loads a fresh classifier for a spec's seed.

    Returns
    -------
    The outcomes, and for each seed a way to its trained classifier.

    Raises
    ------
    SpecInvalid: a search without dev.
    LossNotFinite, MemoryTooSmall: a training cannot continue.
    StopRequested: asked to stop; finished trials and the checkpoint of the one under way stay.
    """
    candidates = _candidates(job.spec)
    if len(candidates) > 1 and "dev" not in lesson.splits:
        raise SpecInvalid("spec.json, search: there is no dev split to choose on. Give data.dev, or search nothing.")
    desk = _Desk(job=job, lesson=lesson, start=start, is_alone=len(candidates) == job.spec.search.num_seeds == 1)
    tried = [desk.carry_out(Trial(settings=settings, seed=job.spec.seed)) for settings in candidates]
    chosen = max(tried, key=lambda outcome: outcome.dev or 0.0) if len(tried) > 1 else tried[0]
    if len(tried) > 1:
        job.progress.log(f"chosen on dev: {chosen.trial.name}")
    trials = [replace(chosen.trial, seed=job.spec.seed + place) for place in range(job.spec.search.num_seeds)]
    seeds = [chosen, *(desk.carry_out(trial) for trial in trials[1:])]
    return Trained(
        search=tuple(tried), seeds=tuple(seeds), examiners=tuple(desk.reader(outcome.trial) for outcome in seeds)
    )


def _candidates(spec: RunSpec) -> list[TrainingSettings]:
    settings, search = spec.training, spec.search
    rates = search.learning_rates or (settings.learning_rate,)
    lengths: Sequence[dict[str, Any]] = [{"epochs": epochs, "steps": None} for epochs in search.epochs] or [{}]
    return [replace(settings, learning_rate=rate, **length) for rate, length in product(rates, lengths)]


class _Desk:
    """Carries trials out, each once: what an earlier attempt finished is read from its files.

    A trial that is alone needs no files: it is kept in memory, and its checkpoint is all that is needed to resume.
    """

    def __init__(self, *, job: Job, lesson: Lesson, start: Start, is_alone: bool) -> None:
        self._job = job
        self._lesson = lesson
        self._start = start
        self._is_alone = is_alone
        self._latest: tuple[Trial, Examiner] | None = None

    def carry_out(self, trial: Trial) -> Outcome:
        note, weights = self._files(trial)
        known = _finished(note, weights)
        if known is not None:
            return Outcome(trial=trial, fitted=known)
        job = self._job_of(trial)
        lesson = self._lesson
        if not self._is_alone:
            job.progress.log(f"training {trial.name}")
            job.progress.trial(trial.name)
            lesson = replace(lesson, fingerprint=f"{lesson.fingerprint}:{trial.name}", name=trial.name)
        examiner, fitted = fit_classifier(job=job, lesson=lesson, classifier=self._start(job.spec))
        outcome = Outcome(trial=trial, fitted=fitted)
        self._latest = (trial, examiner)
        if not self._is_alone:
            note.parent.mkdir(exist_ok=True)
            save_whole(path=weights, state=state_in_fp32(examiner.classifier.model))
            write_json(path=note, payload=outcome.payload())
        return outcome

    def reader(self, trial: Trial) -> Callable[[], Examiner]:
        """A way to a trial's trained classifier that loads it only when it is needed."""

        def read() -> Examiner:
            if self._latest is not None and self._latest[0] == trial:
                return replace(self._latest[1], job=self._job)
            classifier = self._start(self._job_of(trial).spec)
            classifier.model.load_state_dict(read_whole(self._files(trial)[1]))
            self._latest = (trial, self._lesson.examiner(job=self._job, classifier=classifier))
            return self._latest[1]

        return read

    def _job_of(self, trial: Trial) -> Job:
        return replace(self._job, spec=replace(self._job.spec, training=trial.settings, seed=trial.seed))

    def _files(self, trial: Trial) -> tuple[Path, Path]:
        folder = self._job.folder / TRIALS
        return folder / f"{trial.name}.json", folder / f"{trial.name}.pt"


def _finished(note: Path, weights: Path) -> Fitted | None:
    """How a trial ended in an earlier attempt; None where it did not, or where its files cannot be read any more."""
    if not note.is_file():
        return None
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        read_whole(weights)
        return Fitted(**{one.name: known[one.name] for one in fields(Fitted)})
    except (*UNREADABLE, TypeError) as error:
        print(f"{note.stem} cannot be read ({type(error).__name__}) and is trained again", flush=True)
        return None
