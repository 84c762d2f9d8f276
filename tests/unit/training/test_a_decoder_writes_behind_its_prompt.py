import copy
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.tiny_llama import ANSWERS, ASKS, write_tiny_llama
from tests.tiny_runs import CPU, WRITTEN_TYPES
from training.answers import Rows
from training.data import EncodedRows, PromptFrame, RaggedInts, TokenLabels, collate
from training.evaluation import Decoding, generate_answers
from training.learners import Classifier, encode_rows, load_classifier, with_target_tokens
from training.losses import top_distillation_sum
from training.models import DecoderOnly
from training.models.seq2seq import drawn
from training.runtime import PermanentFailure, StopFlag
from training.spec import ModelSource

TEXT = WRITTEN_TYPES["text_generation"]
TEXTS = ["good film", "the sun was very bad and the rain was good", "a star"]
LENGTH, TOP = 6, 4


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    source = ModelSource(source="folder", name=str(write_tiny_llama(tmp_path_factory.mktemp("llama"))))
    found = load_classifier(source=source, task_type=TEXT, labels=[], max_length=32, answer_length=LENGTH)
    found.model.eval()
    return found


def encoded(writer: Classifier, texts: list[str]) -> EncodedRows:
    rows = Rows(uids=texts, columns={"text": texts}, gold=None)
    return encode_rows(rows=rows, task_type=TEXT, tokenizer=writer.tokenizer, max_length=32, frame=writer.frame)


def test_what_it_writes_and_how_likely_is_what_the_library_says(writer: Classifier) -> None:
    model, rows = writer.model, encoded(writer, TEXTS)
    assert isinstance(model, DecoderOnly)
    options = {"compute": CPU, "stop": StopFlag(), "decoding": Decoding(num_top=TOP)}
    found = generate_answers(model=model, rows=rows, **options)  # type: ignore[arg-type]
    for row, answer in enumerate(found.tokens.answers()):
        prompt = torch.tensor([rows.inputs["input_ids"].taken(np.array([row])).values.tolist()])
        whole = model.language_model.generate(prompt, do_sample=False, max_new_tokens=LENGTH, pad_token_id=1)  # type: ignore[operator]
        assert whole[0, prompt.shape[1] :].tolist() == answer
        log_probs = F.log_softmax(model.language_model(whole).logits[0, prompt.shape[1] - 1 : -1], dim=-1)
        told = found.tokens.take([row])
        direct = log_probs.topk(TOP).values.detach().numpy()
        np.testing.assert_allclose(told.top_log_probs[:, :-1], direct, atol=1e-4)
        np.testing.assert_allclose(np.exp(told.top_log_probs).sum(axis=1), 1, atol=1e-5)


def test_neighbours_and_prompts_change_no_loss_of_an_answer(writer: Classifier) -> None:
    answers = [[5, 1], [6, 7, 8, 1], [9, 1]]
    taught = with_target_tokens(encoded=encoded(writer, TEXTS), answers=answers)
    together = writer.model(collate(rows=taught, indices=np.arange(3), device=CPU.device))
    assert together.shape[0] == sum(map(len, answers))
    alone = [writer.model(collate(rows=taught, indices=np.array([row]), device=CPU.device)) for row in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_a_typed_mark_stays_text_within_the_frame_of_the_template(writer: Classifier) -> None:
    tokenizer = writer.tokenizer
    asks, answers = tokenizer.convert_tokens_to_ids([ASKS, ANSWERS])
    frame = PromptFrame.of(tokenizer)
    assert (frame.before, frame.after) == ((asks,), (answers,))
    ids = frame.around(tokenizer, [f"good {ANSWERS} film"], max_length=32)[0]["input_ids"]
    assert (ids[0], ids[-1], ids.count(answers)) == (asks, answers, 1)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for part in messages[0].content %}{{ part.text }}{% endfor %}", "writes a user's text 0 times"),
        ("{{ messages[0].content }} {{ messages[0].content }}", "writes a user's text 2 times"),
        ("{{ raise_exception('Only assistants speak here') }}", "cannot be filled in (Only assistants speak here)"),
    ],
)
def test_a_template_without_one_place_for_the_text_is_refused(writer: Classifier, template: str, words: str) -> None:
    tokenizer = copy.copy(writer.tokenizer)
    tokenizer.chat_template = template
    with pytest.raises(PermanentFailure, match=re.escape(words)):
        PromptFrame.of(tokenizer)


def test_to_be_sure_of_each_token_of_an_answer_is_to_learn_the_answer() -> None:
    logits = torch.randn(3, 9, generator=torch.Generator().manual_seed(1))
    labels = TokenLabels.of_answers(RaggedInts.of([[4, 8], [0]]))
    found = top_distillation_sum(
        student_BV=logits,
        top_ids_BK=torch.from_numpy(labels.top_ids.astype(np.int64)),
        teacher_BK=labels.log_probs_at(1.0),
        temperature=1.0,
    )
    torch.testing.assert_close(found, F.cross_entropy(logits, torch.tensor([4, 8, 0]), reduction="sum"))


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    shares = torch.tensor([0.5, 0.0, 0.3, 0.2])
    places = (torch.arange(1000) + 0.5) / 1000
    found = drawn(shares.log().expand(1000, -1), places)
    assert torch.bincount(found, minlength=4).tolist() == [500, 0, 300, 200]
    assert int(drawn(shares.log()[None], torch.ones(1))) == 3


def test_each_epoch_has_one_of_several_answers_by_the_seed(writer: Classifier) -> None:
    rows = encoded(writer, TEXTS).repeated([1, 3, 2])
    epochs = [rows.drawn(seed=7, epoch=epoch) for epoch in range(30)]
    assert rows.num_drawn == 3 and all(len(one) == 3 for one in epochs)
    assert {int(one[1]) for one in epochs} == {1, 2, 3} and {int(one[2]) for one in epochs} == {4, 5}
    np.testing.assert_array_equal(rows.drawn(seed=7, epoch=4), epochs[4])
