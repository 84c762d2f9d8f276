"""`python -m training SPEC.json`: one run in its own process.

Leaves with 0 when result.json is written, 2 when trying again is no use (error.json says why), 3 when it was
asked to stop; anything else is a crash.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.energy import EnergyMeter
from training.failures import PermanentFailure
from training.folder import write_json
from training.job import Job
from training.meter import METER_FILE, Meter, peak_memory_bytes
from training.progress import Progress
from training.spec import RunSpec
from training.stop import EXIT_STOPPED, StopFlag, StopRequested

EXIT_DONE = 0
EXIT_PERMANENT = 2
# Who asked the run to stop waits for it; any other end has time to read the energy.
SECONDS_TO_READ = 10.0
SECONDS_WHEN_ASKED = 0.5
USAGE = "usage: python -m training SPEC.json\n       python -m training predict ARTIFACT IN OUT [--keep-going]"
NUM_PREDICT_ARGUMENTS = 3


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    named = [argument for argument in arguments if argument != "--keep-going"]
    if named[:1] == ["predict"] and len(named) == 1 + NUM_PREDICT_ARGUMENTS:
        return predict(*(Path(argument) for argument in named[1:]), keep_going="--keep-going" in arguments)
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return EXIT_PERMANENT
    return run(Path(arguments[0]).resolve())


def predict(artifact: Path, source: Path, target: Path, *, keep_going: bool = False) -> int:
    """Label a file; says how far it is on standard output, and what is wrong on standard error; returns the exit code."""
    from training.predict import predict_file

    stop = StopFlag()
    stop.install()
    try:
        predict_file(
            artifact=artifact,
            source=source,
            target=target,
            keep_going=keep_going,
            stop=stop,
            on_rows=lambda count: print(count, flush=True),
        )
    except StopRequested:
        return EXIT_STOPPED
    except PermanentFailure as failure:
        print(failure, file=sys.stderr)
        return EXIT_PERMANENT
    except OSError as error:
        print(f"{error.filename or target}: {error.strerror}. Give it room, or another place.", file=sys.stderr)
        return EXIT_PERMANENT
    return EXIT_DONE


def run(spec_path: Path) -> int:
    """Carry out the run of a spec file and record how it ended; returns the exit code."""
    meter, stop, energy = Meter(), StopFlag(), None
    stop.install()
    folder = spec_path.parent
    if not folder.is_dir():
        print(f"There is no run folder {folder}. Make it and write spec.json into it.", file=sys.stderr)
        return EXIT_PERMANENT
    (folder / "error.json").unlink(missing_ok=True)
    progress = Progress(folder)
    progress.start()
    try:
        spec = RunSpec.from_json(spec_path)
        energy = EnergyMeter(country=spec.country)
        energy.start()
        _execute(Job(spec=spec, folder=folder, progress=progress, stop=stop, meter=meter))
    except StopRequested as request:
        progress.log(str(request))
        return EXIT_STOPPED
    except PermanentFailure as failure:
        _record(folder, failure)
        return EXIT_PERMANENT
    except Exception as error:
        _record(folder, error)
        raise
    finally:
        progress.close()
        _write_meter(folder, meter, energy, seconds=SECONDS_TO_READ if not stop.is_requested() else SECONDS_WHEN_ASKED)
    return EXIT_DONE


def _write_meter(folder: Path, meter: Meter, energy: EnergyMeter | None, *, seconds: float) -> None:
    """Leave what this attempt used, however it ended; one that is killed leaves nothing."""
    used = energy.stop(seconds=seconds) if energy else None
    payload = {"device_seconds": round(meter.device_seconds(), 3), "peak_memory_bytes": peak_memory_bytes()}
    write_json(path=folder / METER_FILE, payload={**payload, "energy": used.payload() if used else None})


def _execute(job: Job) -> None:
    if (job.folder / "result.json").is_file():
        job.progress.log("this run is finished already")
        return
    # Both libraries read these once, when they are first imported.
    os.environ.setdefault("OMP_NUM_THREADS", str(job.spec.num_threads))
    os.environ.setdefault("RAYON_NUM_THREADS", str(job.spec.num_threads))
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from training.checkpoint import Checkpoint
    from training.methods import METHODS

    result: dict[str, Any] = METHODS[job.spec.kind](job)
    write_json(path=job.folder / "result.json", payload=result)
    Checkpoint(job.folder / "checkpoint", fingerprint="").remove()
    job.progress.log(f"done in {result['device_seconds']:.1f} device seconds")


def _record(folder: Path, error: Exception) -> None:
    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    write_json(path=folder / "error.json", payload={"error": type(error).__name__, "message": str(error)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
