import math

import numpy as np
import pytest
import torch

from tests.tiny_encoders import encoder_of
from training.data import join_pair
from training.fewshot import OF_PAIRS, Evidence, FrozenHead, LinearHead
from training.fewshot.features import cosines_of, pair_features, unit_rows
from training.models import BiEncoder

RNG = np.random.default_rng(1)


def test_a_folded_head_gives_the_bi_encoders_outputs() -> None:
    model = BiEncoder(encoder=encoder_of("bert"), num_outputs=2, pooling="bi_encoder").eval()
    weights = RNG.normal(size=(2, 64))
    head = FrozenHead(
        linear=LinearHead(weights_CF=weights, bias_C=RNG.normal(size=2)), centre_H=np.zeros(16), temperature=2.5
    )
    folded = head.folded(unit_length=math.sqrt(16)).linear
    model.head.weight.data = torch.from_numpy(folded.weights_CF).float()
    model.head.bias.data = torch.from_numpy(folded.bias_C).float()
    sides = [{"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, 3)} for ids in ([5, 6, 7], [8, 9, 5])]
    with torch.no_grad():
        vectors = [model.encoder(**side).last_hidden_state.mean(dim=1).numpy() for side in sides]
        theirs = model(join_pair(*sides)).numpy()
    np.testing.assert_allclose(head.logits(*vectors), theirs, atol=1e-4)


@pytest.mark.parametrize(("labelled", "expected"), [(0, 0.9), (12, 0.9)])
def test_a_threshold_on_the_cosine_is_a_linear_head(labelled: int, expected: float) -> None:
    first = unit_rows(RNG.normal(size=(200, 8)))
    is_alike = np.arange(200) % 2 == 0
    near = unit_rows(first + np.where(is_alike[:, None], 0.2, 2.0) * RNG.normal(size=(200, 8)))
    features, targets = pair_features(first, near), np.stack([~is_alike, is_alike], axis=1).astype(float)
    evidence = Evidence(
        features_NF=features[:labelled],
        targets_NC=targets[:labelled],
        names_CF=np.zeros((2, 32)),
        pool_PF=features,
        is_pairs=True,
        alike=1,
    )
    recipe = OF_PAIRS[0]
    logits = recipe.fit(evidence, recipe.strengths[0]).logits(features)
    assert (logits.argmax(axis=1) == is_alike).mean() > expected
    # By the cosine alone: the order of all pairs is that of their cosines.
    np.testing.assert_array_equal(np.argsort(logits[:, 1] - logits[:, 0]), np.argsort(cosines_of(features)))
