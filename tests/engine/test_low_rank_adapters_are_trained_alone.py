import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import CPU, WRITTEN_TYPES, RunFolder, carry_out, examples
from tests.tiny_t5 import write_tiny_t5
from training.answers import Rows
from training.data import InputLine, collate
from training.evaluation import load_predictor
from training.learners import Classifier, encode_rows, load_classifier, with_target_tokens
from training.models import PretrainedUnusable, TextToText
from training.runtime import StopFlag
from training.spec import ModelSource

TEXT = WRITTEN_TYPES["text_generation"]
PACE = {"steps": 20, "learning_rate": 2e-2, "batch_size": 8, "evaluations": 2, "answer_length": 8, "adapter_rank": 4}


@pytest.fixture(scope="module", params=["t5", "llama"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    write = write_tiny_t5 if request.param == "t5" else write_tiny_llama
    return write(tmp_path_factory.mktemp(request.param))


def loaded(folder: Path) -> Classifier:
    source = ModelSource(source="folder", name=str(folder))
    found = load_classifier(source=source, task_type=TEXT, labels=[], max_length=32, answer_length=8)
    found.model.eval()
    return found


def logits(classifier: Classifier) -> torch.Tensor:
    rows = Rows(uids=["a", "b"], columns={"text": ["good film", "the sun was sad"]}, gold=None)
    encoded = encode_rows(
        rows=rows, task_type=TEXT, tokenizer=classifier.tokenizer, max_length=32, frame=classifier.frame
    )
    taught = with_target_tokens(encoded=encoded, answers=[[5, 6, 1], [7, 1]])
    with torch.no_grad():
        found: torch.Tensor = classifier.model(collate(rows=taught, indices=np.arange(2), device=CPU.device))
    return found


def test_nothing_but_adapters_learns_and_merged_they_say_the_same(folder: Path) -> None:
    classifier = loaded(folder)
    model = classifier.model
    assert isinstance(model, TextToText)
    whole = {name: weight.clone() for name, weight in model.language_model.state_dict().items()}
    before = logits(classifier)
    model.adapt(4)
    torch.testing.assert_close(logits(classifier), before)
    learning = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert learning and all("lora_" in name for name in learning)
    with torch.no_grad():
        for weight in learning.values():
            weight.normal_(std=0.2)
    adapted = logits(classifier)
    assert not torch.allclose(adapted, before, atol=1e-2)
    model.merge()
    torch.testing.assert_close(logits(classifier), adapted, atol=1e-5, rtol=1e-4)
    merged = model.language_model.state_dict()
    assert merged.keys() == whole.keys()
    changed = {name for name, weight in merged.items() if not torch.equal(weight, whole[name])}
    assert changed and not any("embed" in name or "norm" in name or "shared" in name for name in changed)


def test_what_a_run_with_adapters_saves_is_an_ordinary_model_that_answers_as_was_measured(
    run_folder: RunFolder, tmp_path: Path
) -> None:
    llama = write_tiny_llama(tmp_path / "llama")
    asked: dict[str, Any] = {"task_type": TEXT.name, "model": {"source": "folder", "name": str(llama)}}
    run = run_folder(**asked, training=PACE)
    carry_out(run)
    kept, learned = (loaded(one).model.state_dict() for one in (llama, run / "artifact"))
    assert kept.keys() == learned.keys()
    embeddings = "language_model.model.embed_tokens.weight"
    torch.testing.assert_close(kept[embeddings], learned[embeddings])
    lines = [json.loads(line) for line in (run / "artifact" / "predictions.jsonl").read_text().splitlines()]
    texts = examples(TEXT.name, 10, start=200)["text"]
    inputs = [InputLine(number=1, uid=text, texts={"text": text}) for text in texts]
    answers = load_predictor(run / "artifact", stop=StopFlag()).answers(inputs)
    assert [one.predicted for one in answers] == [line["predicted"] for line in lines]
    told = [one.probabilities["answer"] for one in answers]
    assert told == pytest.approx([line["probabilities"][0] for line in lines], abs=1e-2)


def test_an_encoder_takes_none(run_folder: RunFolder, tiny_folder: Path) -> None:
    with pytest.raises(PretrainedUnusable, match="adapter_rank"):
        carry_out(run_folder(training={"steps": 1, "adapter_rank": 4}))
