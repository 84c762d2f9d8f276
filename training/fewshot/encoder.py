"""Vectors of texts, or of their words, by a checkpoint that is not trained; those of texts are kept and shared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from training.answers import Rows
from training.compute import Compute
from training.data import ModelOutputs
from training.evaluation import predict_logits
from training.fewshot.features import Vectors
from training.fewshot.store import VectorStore, text_digest
from training.learners import encode_rows, learner_of
from training.models import state_in_fp32, tokenizer_hash
from training.runtime import StopFlag
from training.tasks import TASK_TYPES, TaskType

ONE_TEXT = TASK_TYPES["text_classification"]
# Texts whose vectors are computed, and then kept, at once: memory grows with it, and what a stop loses.
TEXTS_PER_SHARD = 8_192
# Of vectors, so many are kept in memory.
MOST_KNOWN = 20_000


@dataclass(frozen=True)
class FrozenEncoder:
    """A checkpoint that is not trained. Its vectors depend on all of these fields, and on nothing else.

    `pooling` makes one vector of a text's tokens; see training.models.
    """

    encoder: nn.Module
    tokenizer: Any
    max_length: int
    compute: Compute
    pooling: str = "mean"
    # Vectors that were computed already, by digest: the same rows are asked for again and again.
    known: dict[bytes, Vectors] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def key(self) -> str:
        """One SHA-256 over weights, tokenizer, length, pooling and precision; equal ones give equal vectors."""
        digest = hashlib.sha256()
        config = self.encoder.config.to_dict()  # type: ignore[union-attr, operator]
        digest.update(json.dumps(config, sort_keys=True, default=str).encode())
        for name, weight in sorted(state_in_fp32(self.encoder).items()):
            digest.update(f"{name} {tuple(weight.shape)}\n".encode())
            digest.update(weight.numpy().data)
        how = [tokenizer_hash(self.tokenizer), self.max_length, self.pooling, self.compute.bf16]
        digest.update(json.dumps(how).encode())
        return digest.hexdigest()

    @property
    def width(self) -> int:
        """H, the length of a vector."""
        return int(self.encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]

    def text_vectors(self, texts: Sequence[str], *, stop: StopFlag, store: VectorStore | None = None) -> Vectors:
        """Return the vectors of N texts, fp32 (N, H).

        Parameters
        ----------
        store
            of this encoder's key: what it has is read, what it lacks is computed and kept in it.

        Raises
        ------
        StopRequested: asked to stop; what was computed before is kept.
        """
        digests = [text_digest(text) for text in texts]
        known = dict(zip(digests, texts, strict=True))
        place = {digest: row for row, digest in enumerate(known)}
        vectors_TH = np.empty((len(known), self.width), dtype=np.float32)
        distinct = list(known.items())
        lacking = self._lacking(list(known), vectors_TH, store)
        # By length, so that no shard's batches are padded to another's longest.
        lacking = np.array(sorted(lacking, key=lambda row: -len(distinct[row][1])), dtype=np.int64)
        for start in range(0, len(lacking), TEXTS_PER_SHARD):
            rows = lacking[start : start + TEXTS_PER_SHARD]
            fresh = self._outputs([distinct[row][1] for row in rows], ONE_TEXT, stop).values_UC
            vectors_TH[rows] = fresh
            if store is not None:
                store.add([distinct[row][0] for row in rows], fresh)
            if len(self.known) + len(rows) <= MOST_KNOWN:
                self.known.update((distinct[row][0], vectors_TH[row]) for row in rows)
        return vectors_TH[[place[digest] for digest in digests]]

    def _lacking(self, digests: list[bytes], vectors_TH: Vectors, store: VectorStore | None) -> npt.NDArray[np.int64]:
        """Fill in the vectors that are known already; returns the rows of the others."""
        is_known_T = np.array([digest in self.known for digest in digests], dtype=np.bool_)
        for row in np.flatnonzero(is_known_T):
            vectors_TH[row] = self.known[digests[row]]
        asked = np.flatnonzero(~is_known_T)
        if store is None or not len(asked):
            return asked
        vectors_AH = np.empty((len(asked), self.width), dtype=np.float32)
        found_A = store.read([digests[row] for row in asked], into=vectors_AH)
        vectors_TH[asked[found_A]] = vectors_AH[found_A]
        return asked[~found_A]

    def word_vectors(self, texts: Sequence[str], *, task_type: TaskType, stop: StopFlag) -> ModelOutputs:
        """Return the vectors of the words of N texts, fp32 (U, H), UNSEEN where a text is cut; raises StopRequested.

        Parameters
        ----------
        task_type
            one whose unit is a word.
        """
        return self._outputs(texts, task_type, stop)

    def _outputs(self, texts: Sequence[str], task_type: TaskType, stop: StopFlag) -> ModelOutputs:
        model = learner_of(task_type).build(encoder=self.encoder, labels=("",), pooling=self.pooling)
        # The vector that a head would read.
        model.head = nn.Identity()  # type: ignore[assignment]
        rows = Rows(uids=[""] * len(texts), columns={"text": list(texts)}, gold=None)
        encoded = encode_rows(
            rows=rows,
            task_type=task_type,
            tokenizer=self.tokenizer,
            max_length=self.max_length,
            pooling=self.pooling,
        )
        return predict_logits(model=model.to(self.compute.device), rows=encoded, compute=self.compute, stop=stop)
