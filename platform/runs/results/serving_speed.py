"""How fast a loaded model answers one request after the other: measured when somebody asks for it, and kept."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median

from django.conf import settings

from accounts.models import User
from accounts.permissions import Action, require
from runs.models import Artifact, ServingMeasurement
from runs.results.predicting import MOST_CHARACTERS, PredictionFailed, check_there, no_answer, one_at_a_time
from runs.results.warm_model import PredictionProcessFailed, predict_one
from studies.models import Split, Study

NUM_REQUESTS, FEWEST_REQUESTS = 100, 10
MEASURING_SECONDS = 20.0


def measure_serving(*, actor: User, artifact: Artifact) -> ServingMeasurement:
    """Ask a model about examples of its study, one at a time on this server's CPU, and keep how long answers take.

    The first answer loads the model and is not counted. Nothing is charged. Raises: Forbidden; PredictionFailed;
    ServerBusy.
    """
    require(actor=actor, action=Action.TRY_MODEL)
    check_there(artifact)
    texts = _texts(artifact.run.study)
    with one_at_a_time():
        try:
            seconds = list(_timed(artifact, texts))
        except PredictionProcessFailed as problem:
            raise no_answer(artifact, problem) from None
    if len(seconds) < FEWEST_REQUESTS:
        raise PredictionFailed(
            f"{artifact} answered {len(seconds)} of {FEWEST_REQUESTS} requests within {MEASURING_SECONDS:.0f} seconds "
            "while it was loaded. Try again when less is running, and keep FULCRUM_TRY_KEEP_SECONDS above 0."
        )
    return ServingMeasurement.objects.create(
        artifact=artifact,
        num_requests=len(seconds),
        mean_seconds=fmean(seconds),
        median_seconds=median(seconds),
        p95_seconds=sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1],
        measured_by=actor,
    )


def _texts(study: Study) -> Sequence[Mapping[str, str]]:
    """Test examples, or others where there are too few, as requests."""
    wanted = study.examples.filter(split=Split.TEST)
    examples = wanted if wanted.count() >= FEWEST_REQUESTS else study.examples.all()
    names = study.definition.input_fields
    found = [
        {name: str(fields[name])[:MOST_CHARACTERS] for name in names}
        for fields in examples.order_by("rank").values_list("fields", flat=True)[:NUM_REQUESTS]
    ]
    if not found:
        raise PredictionFailed("The study has no examples to ask the model about. Import some first.")
    return found


def _timed(artifact: Artifact, texts: Sequence[Mapping[str, str]]) -> Iterator[float]:
    """Yield the seconds of each answer of the loaded model, until the time is over or it is not kept loaded."""
    limit = settings.TRY_SECONDS
    predict_one(folder=artifact.path, texts=texts[0], limit_seconds=limit)
    began = time.monotonic()
    for number in range(NUM_REQUESTS):
        asked = time.perf_counter()
        _, was_loaded = predict_one(folder=artifact.path, texts=texts[number % len(texts)], limit_seconds=limit)
        if not was_loaded:
            return
        yield time.perf_counter() - asked
        if time.monotonic() - began > MEASURING_SECONDS:
            return
