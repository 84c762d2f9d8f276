"""Which gold spans a student can never find: looked for before money is held, without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from training.answers import first_tokens, num_lost, read_entities, spans_from_json, words_of, write_entities

# Of the training data, and of test; reading more takes longer than whoever waits for the page would like.
MOST_ROWS = 500
_REMEMBERED = 8
Offsets = Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How a student reads a text; `labels` are those that a text-to-text student writes."""

    segmentation: str
    tokenizer: Path | None
    max_length: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SpanCount:
    """Gold spans: all, those that can never be found, and of these the ones that are parts of words."""

    num_spans: int
    num_lost: int
    num_within: int

    @property
    def num_hidden(self) -> int:
        """Those that a token, the most tokens, or the written form hides."""
        return self.num_lost - self.num_within


def count_spans(*, texts: Sequence[str], answers: Sequence[str], reader: Reader) -> SpanCount:
    """Count the gold spans that perfect tags, or a perfectly written answer, would not give back."""
    changed_at = reader.tokenizer.stat().st_mtime_ns if reader.tokenizer else 0
    return _counted(tuple(texts), tuple(answers), reader, changed_at)


@lru_cache(maxsize=_REMEMBERED)
def _counted(texts: tuple[str, ...], answers: tuple[str, ...], reader: Reader, changed_at: int) -> SpanCount:
    """Count once: a form asks again at every key that is pressed."""
    golds = [spans_from_json(answer) for answer in answers]
    offsets = _offsets(reader, texts)
    num_within = num_lost_of_all = 0
    for row, (text, spans) in enumerate(zip(texts, golds, strict=True)):
        words = words_of(text, reader.segmentation)
        within = lost = num_lost(spans=spans, words=words)
        if offsets is not None:
            lost = num_lost(spans=spans, words=words, positions=first_tokens(words=words, offsets=offsets[row]))
        if reader.labels:
            lost = max(lost, _num_unreadable(text, answers[row], reader.labels))
        num_within += within
        num_lost_of_all += max(within, lost)
    return SpanCount(num_spans=sum(map(len, golds)), num_lost=num_lost_of_all, num_within=num_within)


def _offsets(reader: Reader, texts: Sequence[str]) -> Offsets | None:
    """Where each text's tokens begin and end; None where no tokenizer file says it."""
    if reader.tokenizer is None:
        return None
    # Imported here, because only this check needs it.
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(reader.tokenizer))
    except Exception:  # noqa: BLE001 -- the library raises bare ones; the trainer says what is wrong with the file
        return None
    tokenizer.no_padding()
    tokenizer.enable_truncation(reader.max_length)
    tokenizer.encode_special_tokens = True
    return [one.offsets for one in tokenizer.encode_batch(list(texts))]


def _num_unreadable(text: str, answer: str, labels: tuple[str, ...]) -> int:
    """Spans of an answer that are not found again where they stand, once it is written."""
    spans = spans_from_json(answer)
    generated = write_entities(text=text, spans=spans, labels=labels)
    found = read_entities(generated=generated, text=text, names={"".join(label.split()): label for label in labels})
    return len(set(spans) - set(found or ()))
