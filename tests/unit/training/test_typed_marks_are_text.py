"""What a person types is text, even `[SEP]` or `</s>`."""

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from tests.tiny_model import WORDS, write_tiny_model
from tests.tiny_t5 import write_tiny_t5
from training.data import tokenise, treat_marks_as_text
from training.learners import learner_of
from training.models import AnswerCodec, load_pretrained
from training.spec import ModelSource
from training.tasks import TASK_TYPES

TYPED = "good [SEP] bad [MASK] <s> day </s> <pad> [PAD] [CLS]"
PLAIN = "the movie was good, not bad"


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of bytes, as GPT's and RoBERTa's kin have."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {token: place for place, token in enumerate(["<s>", "</s>", "<pad>", "[MASK]", *alphabet])}
    tokenizer = Tokenizer(BPE(vocab=ids, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", mask_token="[MASK]"
    )


@pytest.fixture(params=["bert", "t5", "bytes"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "bytes":
        bytes_tokenizer().save_pretrained(tmp_path)
        return treat_marks_as_text(AutoTokenizer.from_pretrained(tmp_path))
    write_tiny_model(tmp_path) if request.param == "bert" else write_tiny_t5(tmp_path)
    return load_pretrained(source=ModelSource(source="folder", name=str(tmp_path)), max_length=32).tokenizer


def inside(tokenizer: Any, text: str) -> set[int]:
    ids: set[int] = set(tokenise(tokenizer, [text], add_special_tokens=False)["input_ids"][0])
    return ids - {tokenizer.unk_token_id}


def test_no_mark_comes_from_a_text(loaded: Any) -> None:
    assert not inside(loaded, TYPED) & set(loaded.all_special_ids)


def test_the_marks_around_a_text_stay(loaded: Any) -> None:
    plain = loaded(PLAIN, split_special_tokens=False)["input_ids"]
    assert tokenise(loaded, [PLAIN])["input_ids"] == [plain]


def test_a_saved_tokenizer_does_the_same_elsewhere(loaded: Any, tmp_path: Path) -> None:
    loaded.save_pretrained(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").split_special_tokens is True


@pytest.mark.parametrize("name", ["text_classification", "entity_extraction", "pair_classification"])
def test_every_task_type_reads_them_as_text(tmp_path: Path, name: str) -> None:
    source = ModelSource(source="folder", name=str(write_tiny_model(tmp_path)))
    tokenizer = load_pretrained(source=source, max_length=32).tokenizer
    task_type = TASK_TYPES[name]
    columns = {field: ["good [SEP] bad"] for field in task_type.input_fields}
    row = learner_of(task_type).encode(tokenizer=tokenizer, columns=columns, max_length=32)[0]
    assert row["input_ids"].count(tokenizer.sep_token_id) == len(columns)


def test_an_answer_may_hold_them(tmp_path: Path) -> None:
    source = ModelSource(source="folder", name=str(write_tiny_t5(tmp_path, words=WORDS)))
    tokenizer = load_pretrained(source=source, max_length=32).tokenizer
    entities = TASK_TYPES["entity_extraction"]
    codec = AnswerCodec(
        task_type=entities, tokenizer=tokenizer, labels=("a",), max_length=32, vocab_size=len(tokenizer)
    )
    answer = '[{"start": 0, "end": 9, "label": "a"}]'
    tokens = codec.tokens(answers=[answer], texts=["good </s> day"])[0]
    assert tokens.count(tokenizer.eos_token_id) == 1 and tokens[-1] == tokenizer.eos_token_id
