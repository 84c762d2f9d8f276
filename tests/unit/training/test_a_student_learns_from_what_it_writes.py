from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import CPU, job_of, sentences, write_run
from tests.tiny_t5 import write_tiny_t5
from training.answers import Rows
from training.data import Indices
from training.learners import encode_rows, load_classifier, with_target_tokens
from training.losses import IGNORED
from training.models import TextToText
from training.runtime import StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES
from training.train import OwnAnswers, TokenLoss
from training.train.loop import FitInputs, StepRows, fit, gradients_of_step

GENERATION = TASK_TYPES["text_generation"]
ROWS = Rows(uids=[str(number) for number in range(8)], columns={"text": sentences(8)["text"]}, gold=None)
TEMPERATURE, SEED, STEP, LENGTH = 2.0, 5, 3, 6


def writer(folder: Path, *, seed: int) -> TextToText:
    """Load a writer whose weights differ by seed, and which never draws the same in its layers."""
    source = ModelSource(source="folder", name=str(folder))
    model = load_classifier(source=source, task_type=GENERATION, labels=(), max_length=32, answer_length=LENGTH).model
    assert isinstance(model, TextToText)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return model.eval()


@pytest.fixture(params=["t5", "llama"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TextToText, TextToText]:
    """Give a student and a teacher."""
    folder = tmp_path / "writer"
    write = write_tiny_t5 if request.param == "t5" else write_tiny_llama
    write(folder)
    return writer(folder, seed=1), writer(folder, seed=2)


def asked(student: TextToText, teacher: TextToText, *, share: float = 1.0) -> OwnAnswers:
    codec = student.codec
    sources = encode_rows(rows=ROWS, task_type=GENERATION, tokenizer=codec.tokenizer, max_length=32, frame=codec.frame)
    return OwnAnswers(
        teacher=lambda: teacher,
        sources=sources,
        teacher_sources=sources,
        share=share,
        # All tokens but one, which is then what is left: no part of the distribution is folded together.
        num_top=codec.vocab_size - 1,
        temperature=TEMPERATURE,
        compute=CPU,
        stop=StopFlag(),
    )


def made_of(own: OwnAnswers, student: TextToText, rows: Indices, step: int = STEP) -> StepRows:
    made = own.rows_of(student=student, seed=SEED, step=step, rows=rows)
    assert made is not None
    return made


def logits_alone(model: TextToText, row: int, answer: list[int]) -> Tensor:
    """Return the logits of an answer's tokens, of one text without a batch, (L, V)."""
    codec = model.codec
    one = encode_rows(
        rows=ROWS.of([row]), task_type=GENERATION, tokenizer=codec.tokenizer, max_length=32, frame=codec.frame
    )
    taught = with_target_tokens(encoded=one, answers=[answer])
    found: Tensor = model({name: values.padded(np.array([0]), fill=0) for name, values in taught.inputs.items()})
    return found


def direct_loss(student: TextToText, teacher: TextToText, answers: dict[int, list[int]]) -> Tensor:
    total = torch.zeros(())
    for row, answer in answers.items():
        own = F.log_softmax(logits_alone(student, row, answer) / TEMPERATURE, dim=-1)
        wanted = F.log_softmax(logits_alone(teacher, row, answer).detach() / TEMPERATURE, dim=-1)
        total = total + (wanted.exp() * (wanted - own)).sum() * TEMPERATURE**2
    return total


def drawn_alone(student: TextToText, rows: Indices) -> dict[int, list[int]]:
    """Draw each answer by itself, token by token, by the numbers of the step."""
    draws = np.random.default_rng([SEED, STEP, 3]).random((len(rows), LENGTH)).astype(np.float32)
    found: dict[int, list[int]] = {}
    for place, row in enumerate(rows.tolist()):
        answer: list[int] = []
        while len(answer) < LENGTH and answer[-1:] != [student.codec.tokenizer.eos_token_id]:
            with torch.no_grad():
                shares = F.softmax(logits_alone(student, row, [*answer, 0])[-1], dim=-1).cumsum(dim=-1)
            answer.append(int((shares <= draws[place, len(answer)] * shares[-1]).sum()))
        found[row] = answer
    return found


def test_loss_and_gradient_are_those_of_each_answer_alone(pair: tuple[TextToText, TextToText]) -> None:
    student, teacher = pair
    rows = np.array([6, 1, 4])
    made = made_of(asked(student, teacher), student, rows)
    answers = drawn_alone(student, rows)
    assert made.rows.inputs["target_ids"].values.tolist() == [token for row in rows for token in answers[int(row)]]
    expected = direct_loss(student, teacher, answers) / sum(map(len, answers.values()))
    expected.backward()  # type: ignore[no-untyped-call]
    gradients = {name: one.grad.clone() for name, one in student.named_parameters() if one.grad is not None}
    student.zero_grad()
    micro = [np.array([0, 2]), np.array([1])]
    found = gradients_of_step(model=student, rows=made.rows, micro_batches=micro, loss=made.loss, compute=CPU)
    assert found == pytest.approx(float(expected.detach()), rel=1e-4)
    assert gradients
    for name, weight in student.named_parameters():
        if name in gradients:
            torch.testing.assert_close(weight.grad, gradients[name], rtol=1e-3, atol=1e-5)


def test_a_student_comes_nearer_to_its_teacher_on_its_own_texts(
    pair: tuple[TextToText, TextToText], tmp_path: Path
) -> None:
    student, teacher = pair
    own, everything = asked(student, teacher), np.arange(len(ROWS))

    def distance() -> float:
        made = made_of(own, student.eval(), everything, step=1_000)
        assert isinstance(made.loss, TokenLoss)
        with torch.no_grad():
            return gradients_free(student, made)

    before = distance()
    taught = with_target_tokens(encoded=own.sources, answers=[[1]] * len(ROWS))
    inputs = FitInputs(
        model=student,
        rows=taught,
        # It would learn to end at once, if any step were not on its own answers.
        loss=TokenLoss.of_gold(taught),
        compute=CPU,
        dev_score=None,
        step_source=partial(own.rows_of, student=student, seed=SEED),
    )
    folder = write_run(
        tmp_path / "run", tmp_path, task_type="text_generation", training={"steps": 30, "learning_rate": 5e-3}
    )
    fit(job=job_of(folder), inputs=inputs, fingerprint="x")
    assert distance() < 0.7 * before


def gradients_free(student: TextToText, made: StepRows) -> float:
    numbers = torch.arange(len(made.rows))
    batch = {
        name: values.padded(numbers.numpy(), fill=made.rows.pad_values.get(name, 0))
        for name, values in made.rows.inputs.items()
    }
    return float(made.loss(logits=student(batch), rows=numbers)) / made.loss.num_valid(numbers)


def test_seed_and_step_decide_which_steps_and_what_is_drawn(pair: tuple[TextToText, TextToText]) -> None:
    student, teacher = pair
    half, rows = asked(student, teacher, share=0.5), np.array([0, 1])
    made = [half.rows_of(student=student, seed=SEED, step=step, rows=rows) for step in range(40)]
    again = [half.rows_of(student=student, seed=SEED, step=step, rows=rows) for step in range(40)]
    written = [None if one is None else one.rows.inputs["target_ids"].values.tolist() for one in made]
    assert written == [None if one is None else one.rows.inputs["target_ids"].values.tolist() for one in again]
    assert 10 < written.count(None) < 30 and len({str(one) for one in written if one}) > 5
    taught = next(one for one in made if one is not None)
    assert isinstance(taught.loss, TokenLoss)
    assert bool(taught.loss.answered_U.all()) and set(taught.loss.target_U.tolist()) == {IGNORED}
