"""`python -m training SPEC.json`: one run in its own process; exit codes are in training.contract."""

import gc
import json
import os
import shutil
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

from training.contract import (
    DISK_FULL,
    ERROR_FILE,
    EXIT_DISK_FULL,
    EXIT_DONE,
    EXIT_PERMANENT,
    EXIT_STOPPED,
    METER_FILE,
    RESULT_FILE,
    WAIT,
)
from training.job import Job
from training.reporting import Energy, EnergyMeter, Meter, Progress, peak_device_memory_bytes, peak_memory_bytes
from training.runtime import (
    PermanentFailure,
    StopFlag,
    StopRequested,
    discard_working_files,
    is_disk_full,
    is_orphan,
    is_permanent,
    reason_of,
    write_json,
)
from training.spec import RunSpec

# Who asked the run to stop waits for it; any other end has time to read the energy.
SECONDS_TO_READ = 10.0
SECONDS_WHEN_ASKED = 0.5
USAGE = "usage: python -m training SPEC.json\n       python -m training predict ARTIFACT IN OUT [--keep-going]"
USAGE += "\n       python -m training answer ARTIFACT IDLE_SECONDS MOST_MEMORY_BYTES"
USAGE += "\n       python -m training names SPEC.json MOST_MEMORY_BYTES"
USAGE += "\n       python -m training export ARTIFACT onnx|int8 FOLDER [LABELLED_ROWS]"
USAGE += "\n       python -m training measure ARTIFACT MOST_MEMORY_BYTES"
MOST_MESSAGE_BYTES = 1 << 16
SECONDS_BETWEEN_CHECKS = 0.25
Arguments = ParamSpec("Arguments")


def main(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code."""
    named = [argument for argument in arguments if argument != "--keep-going"]
    match named if named[:1] == ["predict"] else list(arguments):
        case ["predict", artifact, source, target]:
            return predict(Path(artifact), Path(source), Path(target), keep_going=len(named) < len(arguments))
        case ["answer", artifact, idle_seconds, most_memory_bytes]:
            return answer(Path(artifact), idle_seconds=float(idle_seconds), most_memory_bytes=int(most_memory_bytes))
        case ["names", spec, most_memory_bytes]:
            return names(Path(spec).resolve(), most_memory_bytes=int(most_memory_bytes))
        case ["export", artifact, export_format, target, *rows] if len(rows) < 2:
            return export(Path(artifact), export_format, Path(target), rows_folder=Path(rows[0]) if rows else None)
        case ["measure", artifact, most_memory_bytes]:
            return measure(Path(artifact), most_memory_bytes=int(most_memory_bytes))
        case [spec]:
            return run_when_ordered() if spec == WAIT else run(Path(spec).resolve())
    print(USAGE, file=sys.stderr)
    return EXIT_PERMANENT


def run_when_ordered() -> int:
    """Import what every run needs, then carry out the run that standard input, a socket, names; returns the exit code.

    The socket brings one JSON object: `spec`, `log` (where all output goes from then on) and `environment`; with it may
    come the lock of a device, held until this process ends. Closed without a word, it asks for no run.
    """
    set_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    has_order = threading.Event()
    threading.Thread(target=_leave_when_orphaned, args=(has_order,), name="orphan", daemon=True).start()
    # Before anybody waits for them.
    _import_methods()
    message, _, _, _ = socket.recv_fds(socket.socket(fileno=os.dup(0)), MOST_MESSAGE_BYTES, 1)
    if not message:
        return EXIT_DONE
    has_order.set()
    order = json.loads(message)
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    spec = Path(order["spec"])
    os.chdir(spec.parent)
    return run(spec)


def _import_methods() -> None:
    """Import what every run needs. To look for garbage in it, now or later, takes a third as long as it does."""
    if "training.methods" in sys.modules:
        return
    gc.disable()
    try:
        import training.methods  # noqa: F401  # for what it loads
    finally:
        gc.freeze()
        gc.enable()


def _leave_when_orphaned(has_order: threading.Event) -> None:
    """End at once when the process that started this one has died, until there is a run, which checks that itself."""
    while not has_order.wait(SECONDS_BETWEEN_CHECKS):
        if is_orphan():
            os._exit(EXIT_DONE)


def set_threads(number: int) -> None:
    """Set how many threads the libraries may use; they read this once, when they are first imported."""
    os.environ.setdefault("OMP_NUM_THREADS", str(number))
    os.environ.setdefault("RAYON_NUM_THREADS", str(number))
    # A repository without safetensors is refused; the library would otherwise ask a service to convert it.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "true")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _with_exit_code(work: Callable[Arguments, None]) -> Callable[Arguments, int]:
    """Have a command's work return its exit code, and say in one line why it failed."""

    @wraps(work)
    def command(*args: Arguments.args, **options: Arguments.kwargs) -> int:
        try:
            work(*args, **options)
        except StopRequested:
            return EXIT_STOPPED
        except PermanentFailure as failure:
            print(failure, file=sys.stderr)
            return EXIT_PERMANENT
        return EXIT_DONE

    return command


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Raises: PermanentFailure (what is written has no room, or no place)."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or target}: {error.strerror}. Give it room, or another place."
        raise PermanentFailure(reason) from error


@_with_exit_code
def predict(artifact: Path, source: Path, target: Path, *, keep_going: bool = False) -> None:
    """Label a file; notes on it, then the numbers of lines done go to standard output."""
    from training.evaluation import Listener, predict_file

    stop = StopFlag()
    stop.install()
    with _writing(target):
        predict_file(
            artifact=artifact,
            source=source,
            target=target,
            keep_going=keep_going,
            stop=stop,
            listener=Listener(
                on_note=lambda note: print(note, flush=True), on_rows=lambda count: print(count, flush=True)
            ),
        )


@_with_exit_code
def answer(artifact: Path, *, idle_seconds: float, most_memory_bytes: int) -> None:
    """Answer examples from standard input until the input ends."""
    from training.evaluation import answer_lines

    answer_lines(artifact=artifact, idle_seconds=idle_seconds, most_memory_bytes=most_memory_bytes)


@_with_exit_code
def names(spec_path: Path, *, most_memory_bytes: int) -> None:
    """Score what a spec's labels say of themselves on its dev, into result.json."""
    spec = RunSpec.from_json(spec_path)
    set_threads(spec.num_threads)
    from training.evaluation import watch_limits
    from training.methods import score_label_names

    watch_limits(most_memory_bytes)
    folder = spec_path.parent
    job = Job(spec=spec, folder=folder, progress=Progress(folder))
    write_json(path=folder / RESULT_FILE, payload=score_label_names(job))


@_with_exit_code
def export(artifact: Path, export_format: str, target: Path, *, rows_folder: Path | None) -> None:
    """Export a student or teacher into a new folder, and print what was measured as JSON."""
    set_threads(1)
    from training.serving import export_model

    with _writing(target):
        found = export_model(
            artifact=artifact.absolute(), export_format=export_format, target=target.absolute(), rows_folder=rows_folder
        )
    print(json.dumps(found, ensure_ascii=False), flush=True)


@_with_exit_code
def measure(artifact: Path, *, most_memory_bytes: int) -> None:
    """Measure a student or teacher, and print what was measured as an export does."""
    set_threads(1)
    from training.evaluation import watch_limits
    from training.serving import measure_model

    watch_limits(most_memory_bytes)
    found = {"formats": measure_model(artifact.absolute())}
    print(json.dumps(found, ensure_ascii=False), flush=True)


def run(spec_path: Path) -> int:
    """Carry out the run of a spec file and record how it ended; returns the exit code."""
    meter, stop, energy = Meter(), StopFlag(), None
    stop.install()
    folder = spec_path.parent
    if not folder.is_dir():
        print(f"There is no run folder {folder}. Make it and write spec.json into it.", file=sys.stderr)
        return EXIT_PERMANENT
    (folder / ERROR_FILE).unlink(missing_ok=True)
    progress = Progress(folder)
    try:
        progress.start()
        spec = RunSpec.from_json(spec_path)
        energy = EnergyMeter(country=spec.country)
        energy.start()
        _execute(Job(spec=spec, folder=folder, progress=progress, stop=stop, meter=meter))
    except StopRequested as request:
        with suppress(OSError):
            progress.log(str(request))
        return EXIT_STOPPED
    except Exception as error:
        code = _record(folder, error)
        if code is None:
            raise
        return code
    finally:
        seconds = SECONDS_WHEN_ASKED if stop.is_requested() else SECONDS_TO_READ
        _close(folder, progress, meter, energy.stop(seconds=seconds) if energy else None)
    return EXIT_DONE


def _close(folder: Path, progress: Progress, meter: Meter, energy: Energy | None) -> None:
    """Write what this attempt used, however it ended; one that is killed, or has no disk space, writes nothing."""
    payload = {
        "device_seconds": round(meter.device_seconds(), 3),
        **progress.stages(),
        "peak_memory_bytes": peak_memory_bytes(),
        "peak_device_memory_bytes": peak_device_memory_bytes(),
        "energy": energy.payload() if energy else None,
    }
    try:
        progress.close()
        write_json(path=folder / METER_FILE, payload=payload)
    except OSError as error:
        print(f"what the run used cannot be written down: {error}", file=sys.stderr, flush=True)


def _execute(job: Job) -> None:
    if (job.folder / RESULT_FILE).is_file():
        job.progress.log("this run is finished already")
        return
    set_threads(job.spec.num_threads)
    _import_methods()
    from training.methods import METHODS

    job.progress.stage("data", message="reading data")
    result: dict[str, Any] = METHODS[job.spec.kind](job)
    write_json(path=job.folder / RESULT_FILE, payload=result)
    discard_working_files(job.folder)
    job.progress.log(f"done in {result['device_seconds']:.1f} device seconds")


def _record(folder: Path, error: Exception) -> int | None:
    """Write down why a run ends early; returns its exit code, None for a crash."""
    if is_disk_full(error):
        with suppress(OSError):
            megabytes = shutil.disk_usage(folder).free // 2**20
            reason = f"there is no room on the disk that holds the runs ({megabytes:,} MB are free): {error}"
            _write_error(folder, DISK_FULL, reason)
        return EXIT_DISK_FULL
    if is_permanent(error) and not isinstance(error, PermanentFailure):
        traceback.print_exception(error)
    _write_error(folder, type(error).__name__, reason_of(error))
    return EXIT_PERMANENT if is_permanent(error) else None


def _write_error(folder: Path, name: str, message: str) -> None:
    write_json(path=folder / ERROR_FILE, payload={"error": name, "message": message})
    print(f"{name}: {message}", file=sys.stderr, flush=True)


def leave(code: int) -> NoReturn:
    """End the process at once: tearing the libraries down takes seconds, for which a device is held in vain."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
