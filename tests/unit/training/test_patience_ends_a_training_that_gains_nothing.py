from pathlib import Path

from tests.tiny_runs import CPU, RunFolder, encoded_sentences, job_of, tiny_classifier
from training.train.loop import FitInputs, FitState, fit


def fitted(run_folder: RunFolder, tiny_folder: Path, scores: list[float], patience: int | None) -> FitState:
    job = job_of(run_folder(training={"steps": 20, "evaluations": 10, "patience": patience}))
    classifier = tiny_classifier(tiny_folder)
    rows, loss = encoded_sentences(classifier, 8)
    told = iter(scores)
    fitting = FitInputs(model=classifier.model, rows=rows, loss=loss, compute=CPU, dev_score=lambda: next(told))
    return fit(job=job, inputs=fitting, fingerprint="")


def test_it_ends_after_so_many_evaluations_without_a_better_score(run_folder: RunFolder, tiny_folder: Path) -> None:
    state = fitted(run_folder, tiny_folder, [0.5, 0.6, 0.6, 0.4, 0.9], patience=2)
    assert (state.step, state.best_step) == (8, 4)


def test_without_patience_it_trains_to_the_end(run_folder: RunFolder, tiny_folder: Path) -> None:
    state = fitted(run_folder, tiny_folder, [0.5] * 10, patience=None)
    assert (state.step, state.best_step) == (20, 2)
