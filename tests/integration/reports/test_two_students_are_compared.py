"""Paired tests of two students on the test examples that both answered."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Role
from reports.comparisons import finding_of
from runs.models import Artifact
from runs.results import NotComparable, compare
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.web.pages import plain_pages
from tests.tiny_artifacts import give_predictions, give_seed_predictions, said_of

__all__ = ["plain_pages"]
pytestmark = pytest.mark.django_db
UIDS = [f"u{number}" for number in range(60)]


@pytest.fixture
def study() -> Study:
    return factories.study()


@pytest.fixture
def pair(study: Study, settings: Settings, tmp_path: Path) -> tuple[Artifact, Artifact]:
    """Students that are right on 30 and on 50 of the same 60 examples."""
    ground.buy_labels(study, 4)
    made = [ground.annotated(study, num_labels=2, utility=0.5), ground.annotated(study, num_labels=4, utility=0.83)]
    for artifact, right in zip(made, (30, 50), strict=True):
        give_predictions(artifact, settings, tmp_path, said_of(UIDS, right=right))
    return made[0], made[1]


def test_the_difference_comes_with_its_interval_and_chance(pair: tuple[Artifact, Artifact]) -> None:
    found = compare(first=pair[1], second=pair[0]).test
    assert found.difference == pytest.approx(20 / 60)
    assert found.low < found.difference < found.high
    assert (found.num_examples, found.p_value < 0.001) == (60, True)


def test_a_sure_difference_is_said_in_words(pair: tuple[Artifact, Artifact]) -> None:
    finding = finding_of(compare(first=pair[0], second=pair[1]))
    assert finding.sentence == f"{pair[1]} is better than {pair[0]}, by 33.3 percentage points."
    assert "fewer than 1 of 1,000" in finding.chance


def test_what_may_be_chance_is_said_too(pair: tuple[Artifact, Artifact], settings: Settings, tmp_path: Path) -> None:
    give_predictions(pair[0], settings, tmp_path, said_of(UIDS, right=49))
    finding = finding_of(compare(first=pair[1], second=pair[0]))
    assert "may be chance" in finding.sentence
    assert not finding.is_sure


def test_students_of_several_seeds_are_compared_over_their_seeds(pair: tuple[Artifact, Artifact]) -> None:
    give_seed_predictions(pair[0], [said_of(UIDS, right=right) for right in (30, 20, 40)])
    give_seed_predictions(pair[1], [said_of(UIDS, right=right) for right in (50, 40, 45)])
    finding = finding_of(compare(first=pair[1], second=pair[0]))
    assert finding.comparison.test.difference == pytest.approx(15 / 60)
    assert finding.comparison.test.is_over_seeds and "holds for other seeds" in finding.scope
    assert not finding.is_sure, "the seeds differ by as much as the two students"


def test_where_one_has_a_single_seed_two_models_are_compared(pair: tuple[Artifact, Artifact]) -> None:
    give_seed_predictions(pair[0], [said_of(UIDS, right=right) for right in (30, 20, 40)])
    finding = finding_of(compare(first=pair[1], second=pair[0]))
    assert finding.comparison.test.difference == pytest.approx(20 / 60)
    assert not finding.comparison.test.is_over_seeds and "these two models" in finding.scope


def test_missing_predictions_of_seeds_are_named(pair: tuple[Artifact, Artifact]) -> None:
    for one in pair:
        give_seed_predictions(one, [said_of(UIDS[:50], right=right) for right in (30, 20)])
    with pytest.raises(NotComparable, match="10 examples are missing, the first u50"):
        compare(first=pair[0], second=pair[1])


def test_broken_predictions_of_seeds_are_named(pair: tuple[Artifact, Artifact]) -> None:
    (pair[0].path / "seed_predictions.jsonl").write_text('{"uid": "u1"}\n')
    with pytest.raises(NotComparable, match=r"seed_predictions.jsonl .*Restore them, or train again"):
        compare(first=pair[0], second=pair[1])


def test_other_test_lists_are_compared_on_what_they_share(
    pair: tuple[Artifact, Artifact], settings: Settings, tmp_path: Path
) -> None:
    said = said_of(UIDS, right=30)[5:]
    relabelled = [(uid, "bad" if gold == "good" else "good", predicted) for uid, gold, predicted in said[:2]]
    give_predictions(pair[0], settings, tmp_path, [*relabelled, *said[2:]])
    found = compare(first=pair[0], second=pair[1])
    assert (found.test.num_examples, found.num_unshared, found.num_relabelled) == (53, 5, 2)


def test_models_with_nothing_in_common_are_refused(
    pair: tuple[Artifact, Artifact], settings: Settings, tmp_path: Path
) -> None:
    give_predictions(pair[0], settings, tmp_path, said_of([f"v{number}" for number in range(60)], right=30))
    with pytest.raises(NotComparable, match="share 0 test examples with the same gold label; at least 10 are needed"):
        compare(first=pair[0], second=pair[1])


def test_predictions_that_are_gone_are_named(pair: tuple[Artifact, Artifact]) -> None:
    (pair[0].path / "predictions.jsonl").unlink()
    with pytest.raises(NotComparable, match=r"cannot be read: predictions\.jsonl in its folder") as refused:
        compare(first=pair[0], second=pair[1])
    assert str(pair[0].path) not in str(refused.value)


def test_one_model_and_models_of_two_studies_are_refused(pair: tuple[Artifact, Artifact]) -> None:
    with pytest.raises(NotComparable, match="on both sides"):
        compare(first=pair[0], second=pair[0])
    other = factories.study()
    ground.buy_labels(other, 1)
    with pytest.raises(NotComparable, match="of two studies"):
        compare(first=pair[0], second=ground.annotated(other, num_labels=1))


def test_the_page_compares_the_best_two_until_others_are_chosen(pair: tuple[Artifact, Artifact], study: Study) -> None:
    client = Client()
    client.force_login(factories.person(Role.MANAGER))
    url = reverse("compare", kwargs={"pk": study.pk})
    likely = client.get(url).content.decode()
    assert f"{pair[1]} is better than {pair[0]}, by 33.3 percentage points." in likely
    chosen = client.get(url, {"first": pair[0].pk, "second": pair[1].pk}, headers={"HX-Request": "true"})
    assert "-33.3 percentage points of accuracy; 95 % interval" in chosen.content.decode()
    same = client.get(url, {"first": pair[0].pk, "second": pair[0].pk})
    assert "These students cannot be compared" in same.content.decode()
