"""A model over HTTP, in a process of its own: answers, refusals, and an end that loses no answer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from runs.results import listening_socket
from tests.tiny_artifacts import write_model
from training.data import InputLine
from training.evaluation import load_predictor
from training.runtime import StopFlag

ROOT = Path(__file__).resolve().parents[3]
LABELS = ("good", "bad")
SECONDS_TO_LOAD = 120


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("served") / "model", task_type="text_classification", labels=LABELS)


@contextmanager
def served(model: Path, *options: str) -> "Iterator[tuple[httpx.Client, subprocess.Popen[str]]]":
    """Serve a model, from when it answers until the block is left."""
    command = [sys.executable, "manage.py", "serve", str(model), "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "without authentication" in line
            address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            with httpx.Client(base_url=address.removesuffix("/predict,"), timeout=SECONDS_TO_LOAD) as client:
                assert client.get("/health").json()["format"] == "torch"
                yield client, process
        finally:
            process.terminate()


def test_requests_are_answered_or_refused_each_by_itself(model: Path) -> None:
    texts = ["a good film", "very bad", "the sun and the rain", "a team of the moon " * 9]
    lines = [InputLine(number=1, uid=text, texts={"text": text}) for text in texts]
    expected = [answer.predicted for answer in load_predictor(model, stop=StopFlag()).answers(lines)]
    with served(model, "--max-queue", "8", "--max-text", "200", "--max-body-kb", "2") as (client, _):
        mixed = client.post("/predict", json={"texts": [texts[0], "", "x" * 201, texts[1]]})
        answers = mixed.json()["answers"]
        assert [one["predicted"] for one in answers] == [expected[0], None, None, expected[1]]
        assert [one.get("error", "").partition(" of ")[0] for one in answers] == [
            "",
            "has an empty text",
            "has a text",
            "",
        ]
        assert sum(answers[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda text: client.post("/predict", json={"texts": [text]}).json(), texts))
        assert [one["answers"][0]["predicted"] for one in found] == expected

        beyond = client.post("/predict", json={"texts": texts * 3})
        assert (beyond.status_code, "Retry-After" in beyond.headers) == (413, False)
        assert beyond.json()["error"] == "There are 12 texts, 8 is the maximum. Send fewer."
        refused = {
            400: client.post("/predict", json={"pairs": [texts[:2]]}),
            404: client.get("/"),
            405: client.get("/predict"),
            413: client.post("/predict", json={"texts": ["x" * 3_000]}),
            415: client.post("/predict", content=b'{"texts": ["good"]}', headers={"Content-Type": "text/plain"}),
        }
        assert {status: one.status_code for status, one in refused.items()} == {one: one for one in refused}
        assert all(one.json()["error"] for one in refused.values())


def test_what_was_asked_before_the_end_is_answered(model: Path) -> None:
    # The text waits for others to be answered with, so that the request is under way when the end comes.
    with served(model, "--max-wait-ms", "3000") as (client, process), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/predict", json={"texts": ["a good film"]})
        while not asked.done() and client.get("/health").json()["num_waiting"] == 0:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        answered = asked.result(timeout=30)
        assert answered.status_code == 200
        assert answered.json()["answers"][0]["predicted"] in LABELS
        assert process.wait(timeout=30) == 0


def test_a_taken_port_is_named(model: Path) -> None:
    with listening_socket(host="127.0.0.1", port=0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=rf"127.0.0.1, port {port}: .*Choose another"):
            call_command("serve", str(model), port=port)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [("nowhere", {}, "no folder of a model"), ("nowhere", {"max_batch": 0}, "--max-batch is 0. Give 1 or more")],
)
def test_what_cannot_be_served_is_refused(model: str, options: dict[str, int], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("serve", model, **options)
