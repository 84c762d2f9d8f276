import re
from pathlib import Path

import torch

from training.data import InputLine
from training.evaluation.predict import load_predictor
from training.runtime import StopFlag

MODELS = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "models.md"


def test_plain_transformers_answer_as_we_do(teacher: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", MODELS.read_text(), flags=re.DOTALL)
    found: dict[str, object] = {}
    exec(code.replace("runs/57/artifact", str(teacher)), found)
    lines = [InputLine(number=1, uid=text, texts={"text": text}) for text in ("a very good film", "rain")]
    answers = load_predictor(teacher, stop=StopFlag()).answers(lines)
    assert found["predicted"] == [answer.predicted for answer in answers]
    logits = found["logits"]
    assert isinstance(logits, torch.Tensor)
    shares = torch.tensor([[answer.probabilities[label] or 0.0 for label in ("neg", "pos")] for answer in answers])
    assert torch.allclose(torch.softmax(logits, dim=-1), shares, atol=0.02)
