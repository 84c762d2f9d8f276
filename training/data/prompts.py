"""The tokens around a text that a model is to answer: those of its tokenizer, or of its chat template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from training.data.tokens import tokenise
from training.runtime import PermanentFailure

# Stands for the text while a chat template is filled in: no template writes these signs itself.
_PLACE = "\ue000\ue001"


class ChatTemplateUnusable(PermanentFailure):
    """A tokenizer's chat template has no place for the text that a model is to answer."""


@dataclass(frozen=True, kw_only=True)
class PromptFrame:
    """What stands before and behind a text in the prompt of a decoder-only model; its answer follows."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any) -> Self:
        """Read it from the chat template; without one, the text begins as the tokenizer begins, and ends its line.

        Raises: ChatTemplateUnusable.
        """
        if tokenizer.chat_template:
            before, after = _around_place(tokenizer)
            return cls(before=_marks(tokenizer, before), after=_marks(tokenizer, after))
        begin = [tokenizer.bos_token_id] if _begins(tokenizer) else []
        return cls(before=tuple(begin), after=_marks(tokenizer, "\n"))

    def __len__(self) -> int:
        return len(self.before) + len(self.after)

    def around(self, tokenizer: Any, texts: Sequence[str], *, max_length: int) -> list[dict[str, list[int]]]:
        """Return N prompts as inputs, unpadded; `max_length` cuts the texts, and the frame comes on top."""
        cut = tokenise(tokenizer, list(texts), truncation=True, max_length=max_length, add_special_tokens=False)
        framed = [[*self.before, *ids, *self.after] for ids in cut["input_ids"]]
        return [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in framed]


def _around_place(tokenizer: Any) -> tuple[str, str]:
    """Fill in the chat template, and return what stands before and behind the text."""
    message = {"role": "user", "content": _PLACE}
    try:
        written = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
    except Exception as error:  # whatever a template raises, of the template engine's own classes too
        raise _unusable(f"cannot be filled in ({str(error).strip() or type(error).__name__})") from error
    if written.count(_PLACE) != 1:
        raise _unusable(f"writes a user's text {written.count(_PLACE)} times")
    before, _, after = written.partition(_PLACE)
    return before, after


def _unusable(problem: str) -> ChatTemplateUnusable:
    return ChatTemplateUnusable(
        f"The chat template of the tokenizer {problem}; a text must stand in it once. Correct chat_template and save "
        "the tokenizer again, or remove it: the text then stands alone."
    )


def _begins(tokenizer: Any) -> bool:
    begin = tokenizer.bos_token_id
    return begin is not None and tokenizer("a")["input_ids"][:1] == [begin]


def _marks(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Tokenise what a template wrote, whose marks are special tokens and not typed text."""
    if not text:
        return ()
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=False)["input_ids"])
