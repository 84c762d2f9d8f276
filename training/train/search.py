"""The same search and the same seeds for every training: rates and lengths tried on dev, the best repeated.

Both paths train through here, so that neither is tuned more than the other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from training.contract import TRIALS
from training.evaluation import Evaluator
from training.fewshot import TransitionsChoice
from training.job import Job
from training.models import state_in_fp32
from training.runtime import write_json
from training.spec import RunSpec, SpecInvalid, TrainingSettings
from training.train.checkpoint import UNREADABLE, load_state, save_state
from training.train.setup import ModelLoader, TrainingSetup
from training.train.two_stage import FitResult, fit_classifier

# Makes the setup of one seed, and the loader of its fresh models, when that seed is trained.
SeedSetup = Callable[[], tuple[TrainingSetup, ModelLoader]]


@dataclass(frozen=True, kw_only=True)
class TrainingTrial:
    """One training: its settings and its seed."""

    settings: TrainingSettings
    seed: int

    @property
    def name(self) -> str:
        """A name for its files, the same whenever the run is resumed."""
        length = f"{self.settings.steps}-steps" if self.settings.steps else f"{self.settings.epochs}-epochs"
        return f"rate-{self.settings.learning_rate:g}-{length}-seed-{self.seed}"


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """How a trial ended."""

    trial: TrainingTrial
    fitted: FitResult

    @property
    def dev(self) -> float | None:
        return self.fitted.dev

    def payload(self) -> dict[str, Any]:
        settings = self.trial.settings
        named = {"learning_rate": settings.learning_rate, "epochs": settings.epochs, "steps": settings.steps}
        return {**named, "seed": self.trial.seed, **asdict(self.fitted)}


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """Every trial of the search, and the chosen settings from each seed, with a loader of each seed's evaluator.

    `transitions_choice` says how the transitions of tags were chosen, None where nothing was there to choose by.
    """

    search: tuple[TrialResult, ...]
    seeds: tuple[TrialResult, ...]
    evaluators: tuple[Callable[[], Evaluator], ...]
    transitions_choice: TransitionsChoice | None = None

    @property
    def best(self) -> int:
        """The index of the seed that did best on dev; of equal ones, and without dev, the first."""
        return max(range(len(self.seeds)), key=lambda place: (self.seeds[place].dev or 0.0, -place))


def search_and_train(
    *,
    job: Job,
    setup: TrainingSetup,
    loader: ModelLoader,
    name: str = "",
    of_seeds: Mapping[int, SeedSetup] | None = None,
) -> SearchResult:
    """Search on dev, then train the best settings from every seed; `name` tells it from other searches of the run.

    Seeds in `of_seeds` have a setup of their own, for models of the same shape and the same held-out splits.
    Raises: SpecInvalid (a search without dev), LossNotFinite, MemoryTooSmall, StopRequested (finished trials stay).
    """
    candidates = _candidates(job.spec)
    if len(candidates) > 1 and "dev" not in setup.splits:
        raise SpecInvalid("spec.json, search: there is no dev split to choose on. Give data.dev, or search nothing.")
    runner = TrialRunner(
        job=job,
        setup=setup,
        loader=loader,
        is_alone=not name and len(candidates) == len(job.spec.seeds) == 1,
        prefix=f"{name}-" if name else "",
        of_seeds=of_seeds or {},
    )
    first, *further = job.spec.seeds
    tried = [runner.run(TrainingTrial(settings=settings, seed=first)) for settings in candidates]
    chosen = max(tried, key=lambda result: result.dev or 0.0) if len(tried) > 1 else tried[0]
    if len(tried) > 1:
        job.progress.log(f"chosen on dev: {chosen.trial.name}")
    seeds = [chosen, *(runner.run(replace(chosen.trial, seed=seed)) for seed in further)]
    return SearchResult(
        search=tuple(tried),
        seeds=tuple(seeds),
        evaluators=tuple(runner.evaluator_of(result.trial) for result in seeds),
    )


def _candidates(spec: RunSpec) -> list[TrainingSettings]:
    settings, search = spec.training, spec.search
    rates = search.learning_rates or (settings.learning_rate,)
    lengths: Sequence[dict[str, Any]] = [{"epochs": epochs, "steps": None} for epochs in search.epochs] or [{}]
    return [replace(settings, learning_rate=rate, **length) for rate, length in product(rates, lengths)]


class TrialRunner:
    """Runs trials, each once: what an earlier attempt finished is read from its files.

    A run's only trial needs no files: it is kept in memory, and its checkpoint is all that is needed to resume.
    """

    def __init__(
        self,
        *,
        job: Job,
        setup: TrainingSetup,
        loader: ModelLoader,
        is_alone: bool,
        prefix: str,
        of_seeds: Mapping[int, SeedSetup],
    ) -> None:
        self._job = job
        self._setup = setup
        self._loader = loader
        self._of_seeds = of_seeds
        self._is_alone = is_alone
        self._prefix = prefix
        self._latest: tuple[TrainingTrial, Evaluator] | None = None

    def run(self, trial: TrainingTrial) -> TrialResult:
        """Train, or read the result of an earlier attempt."""
        result_file, weights = self._files(trial)
        fitted = _finished(result_file, weights)
        if fitted is not None:
            return TrialResult(trial=trial, fitted=fitted)
        job = self._job_of(trial)
        setup, loader = self._setup_of(trial)
        if not self._is_alone:
            name = f"{self._prefix}{trial.name}"
            job.progress.log(f"training {name}")
            job.progress.trial(name)
            setup = replace(setup, fingerprint=f"{setup.fingerprint}:{name}", name=name)
        evaluator, fitted = fit_classifier(job=job, setup=setup, classifier=loader(job.spec))
        result = TrialResult(trial=trial, fitted=fitted)
        self._latest = (trial, evaluator)
        if not self._is_alone:
            result_file.parent.mkdir(exist_ok=True)
            save_state(path=weights, state=state_in_fp32(evaluator.classifier.model))
            write_json(path=result_file, payload=result.payload())
        return result

    def evaluator_of(self, trial: TrainingTrial) -> Callable[[], Evaluator]:
        """Return a loader of a trial's trained classifier, which loads it only when it is needed."""

        def read() -> Evaluator:
            if self._latest is not None and self._latest[0] == trial:
                return replace(self._latest[1], job=self._job)
            classifier = self._loader(self._job_of(trial).spec)
            classifier.model.load_state_dict(load_state(self._files(trial)[1]))
            self._latest = (trial, self._setup.evaluator(job=self._job, classifier=classifier))
            return self._latest[1]

        return read

    def _setup_of(self, trial: TrainingTrial) -> tuple[TrainingSetup, ModelLoader]:
        if trial.seed not in self._of_seeds:
            return self._setup, self._loader
        # The classifier of the seed before, which its own files have, makes room for what this one takes.
        self._latest = None
        return self._of_seeds[trial.seed]()

    def _job_of(self, trial: TrainingTrial) -> Job:
        return self._job.with_settings(trial.settings, seed=trial.seed)

    def _files(self, trial: TrainingTrial) -> tuple[Path, Path]:
        folder = self._job.folder / TRIALS
        name = f"{self._prefix}{trial.name}"
        return folder / f"{name}.json", folder / f"{name}.pt"


def _finished(result_file: Path, weights: Path) -> FitResult | None:
    """How a trial ended in an earlier attempt; None where it did not, or where its files cannot be read."""
    if not result_file.is_file():
        return None
    try:
        known = json.loads(result_file.read_text(encoding="utf-8"))
        load_state(weights)
        return FitResult(**{one.name: known[one.name] for one in fields(FitResult)})
    except (*UNREADABLE, TypeError) as error:
        print(f"{result_file.stem} cannot be read ({type(error).__name__}) and is trained again", flush=True)
        return None
