import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from training.fewshot import LinearHead, Prior, fit_logistic, fit_words, linear
from training.fewshot.tfidf import _weighed, _words

RNG = np.random.default_rng(5)
FEATURES = RNG.normal(size=(90, 6))
GOLD = (FEATURES[:, :3] + RNG.normal(size=(90, 3))).argmax(axis=1)


@pytest.mark.parametrize("most", [0, len(GOLD)], ids=["fp32", "fp64"])
def test_logistic_regression_from_nothing(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_IN_FP64", most)
    ours = fit_logistic(
        features_NF=FEATURES,
        targets_NC=np.eye(3)[GOLD],
        prior=Prior(LinearHead(weights_CF=np.zeros((3, 6)), bias_C=np.zeros(3)), strength=1.0, bias_strength=1e-6),
        exclusive=True,
    )
    theirs = LogisticRegression(C=1.0, max_iter=1_000).fit(FEATURES, GOLD)
    np.testing.assert_allclose(ours.weights_CF, theirs.coef_, atol=5e-3)


def test_one_label_against_the_rest() -> None:
    targets = (FEATURES[:, [0, 2]] > 0).astype(float)
    ours = fit_logistic(
        features_NF=FEATURES,
        targets_NC=targets,
        prior=Prior(LinearHead(weights_CF=np.zeros((2, 6)), bias_C=np.zeros(2)), strength=1.0, bias_strength=1e-6),
        exclusive=False,
    )
    for label in range(2):
        theirs = LogisticRegression(C=1.0, max_iter=1_000).fit(FEATURES, targets[:, label])
        np.testing.assert_allclose(ours.weights_CF[label], theirs.coef_[0], atol=2e-2)


def test_a_firm_prior_keeps_the_start_and_a_loose_one_does_not() -> None:
    start = LinearHead(weights_CF=np.eye(3, 6), bias_C=np.zeros(3))
    moved = [
        np.abs(
            fit_logistic(
                features_NF=FEATURES, targets_NC=np.eye(3)[GOLD], prior=Prior(start, strength), exclusive=True
            ).weights_CF
            - start.weights_CF
        ).max()
        for strength in (1e6, 1.0)
    ]
    assert moved[0] < 1e-3 < 0.1 < moved[1]


@pytest.mark.parametrize("most", [0, len(GOLD)], ids=["fp32", "fp64"])
def test_where_the_search_begins_changes_nothing(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_IN_FP64", most)
    prior = Prior(LinearHead(weights_CF=np.eye(3, 6), bias_C=np.zeros(3)), strength=0.1)
    elsewhere = LinearHead(weights_CF=RNG.normal(size=(3, 6)), bias_C=np.ones(3))
    asked = {"features_NF": FEATURES, "targets_NC": np.eye(3)[GOLD], "prior": prior, "exclusive": True}
    ours, other = fit_logistic(**asked), fit_logistic(**asked, first=elsewhere)
    np.testing.assert_allclose(ours.weights_CF, other.weights_CF, atol=5e-2)


def test_a_support_vector_machine_on_words() -> None:
    texts = [" ".join(RNG.choice(["red", "blue", "sky", "sea", "sun", "moon"], size=4)) for _ in range(60)]
    gold = np.array([text.count("sea") > 0 for text in texts])
    ours = fit_words(texts=texts, targets_NC=np.stack([gold, ~gold], axis=1).astype(float))
    features = _weighed(texts, ours.place_of, ours.idf_V)
    theirs = LinearSVC(C=1.0, dual=False, tol=1e-6).fit(features, gold)
    np.testing.assert_allclose(ours.logits(texts)[:, 0], theirs.decision_function(features), atol=5e-3)


@pytest.mark.parametrize("text", ["", "unseen words"])
def test_a_text_without_a_known_word_has_an_answer(text: str) -> None:
    model = fit_words(texts=["a b", "c d"], targets_NC=np.eye(2))
    assert _words(text) == text.split()
    assert np.isfinite(model.logits([text])).all()
