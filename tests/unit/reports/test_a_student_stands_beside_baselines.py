from decimal import Decimal

import pytest

from budgets.models import Budget, Path
from reports.bills import BaselineScore, compare_to_baselines, read_result, zero_of
from reports.charts import utility_chart
from reports.comparisons import default_pair
from reports.points import Point
from reports.queries import Report, UnusedCosts
from reports.tables import report_text
from runs.results import BaselineComparison
from studies.models import Study
from tests.unit.reports.points import point

MAJORITY = BaselineScore(name="majority", answer="good", value=0.5)
CONSTANT = BaselineScore(name="constant", answer="bad", value=0.6)
RESULT = {
    "metrics": {"baselines": {"majority": {"label": "good", "value": 0.5}, "constant": {"label": "bad", "value": 0.6}}},
    "search": [{"learning_rate": 1e-4, "epochs": 3, "steps": None, "seed": 1, "dev": 0.7, "best_step": 12}],
    "seeds": [
        {"learning_rate": 1e-4, "epochs": 3, "steps": None, "seed": seed, "dev": 0.7, "best_step": 12}
        for seed in (1, 2)
    ],
}


def test_a_result_tells_baselines_seeds_and_what_was_chosen() -> None:
    found = read_result(RESULT)
    assert found.baselines == (MAJORITY, CONSTANT)
    assert (found.num_seeds, len(found.search)) == (2, 1)
    assert found.chosen is not None and found.chosen.settings == "rate 0.0001, 3 epochs"


def test_a_result_of_before_has_the_majority_alone() -> None:
    found = read_result({"metrics": {"baseline": {"label": "good", "value": 0.5}}})
    assert (found.baselines, found.num_seeds, found.chosen) == ((MAJORITY,), 1, None)
    assert read_result({}).baselines == ()


def test_a_result_tells_what_was_filtered_leaked_and_kept() -> None:
    distilled = {"filter": "confidence", "num_asked": 100, "num_passed": 60}
    seeds = [{"learning_rate": 1e-4, "stage": "gold", "num_steps": 30}]
    found = read_result({"distillation": distilled, "leaks": {"train_in_test": 2, "pseudo_in_dev": 0}, "seeds": seeds})
    assert found.filtered is not None and found.filtered.num_passed == 60
    assert [(leak.rows, leak.split, leak.count) for leak in found.leaks] == [("train", "test", 2)]
    assert found.is_staged


def test_a_result_tells_which_written_answers_are_not_whole() -> None:
    test = {"num_examples": 20, "num_seeds": 2, "num_cut": 3, "num_unparsed": 1}
    student = read_result({"metrics": {"test": test, "dev": {"num_examples": 10, "num_seeds": 2}}})
    assert student.written == (("test", 40, 3, 1),)
    taught = read_result({"metrics": {}, "written": {"num_written": 30, "num_cut": 2, "num_empty": 0}})
    assert taught.written == (("unlabelled examples", 30, 2, 0),)


@pytest.mark.parametrize(
    ("utility", "low", "standing"),
    [
        (0.7, 0.65, BaselineComparison.ABOVE),
        (0.65, 0.55, BaselineComparison.UNCLEAR),
        (0.6, 0.5, BaselineComparison.BELOW),
    ],
)
def test_a_student_is_set_against_the_best_baseline(utility: float, low: float, standing: BaselineComparison) -> None:
    assert compare_to_baselines(utility=utility, low=low, baselines=(MAJORITY, CONSTANT)) == standing


def test_a_student_that_a_baseline_matches_is_marked_in_words() -> None:
    assert (
        point(utility=0.55, baselines=(CONSTANT,)).warning == "no better than the best constant answer (“bad”), 60.0 %"
    )
    assert point(utility=0.9, baselines=(CONSTANT,)).warning == ""


def test_zero_is_the_best_of_what_costs_nothing() -> None:
    copied_answers = BaselineScore(name="copy", answer="", value=0.7)
    assert zero_of([MAJORITY, CONSTANT, copied_answers]) == CONSTANT, "copied answers take labels that were paid for"
    assert zero_of([copied_answers]) is None
    names = BaselineScore(name="label_names", answer="", value=0.65)
    assert zero_of([MAJORITY, CONSTANT, copied_answers, names]) == names


def test_equal_baselines_are_one_line_and_others_have_their_own() -> None:
    same = BaselineScore(name="constant", answer="good", value=0.5)
    assert (
        "Most frequent answer, best constant answer, 50.0 %" in utility_chart([point(baselines=(MAJORITY, same))]).svg()
    )
    apart = utility_chart([point(baselines=(MAJORITY, CONSTANT))]).svg()
    assert "Most frequent answer, 50.0 %" in apart and "Best constant answer, 60.0 %" in apart


def test_the_best_of_either_path_are_compared_first() -> None:
    first = point(artifact_id=1, utility=0.8)
    second = point(artifact_id=2, utility=0.79)
    distilled = point(Path.DISTIL, artifact_id=3, utility=0.7)
    assert default_pair([first, second, distilled]) == (1, 3)
    assert default_pair([first, second]) == (1, 2)
    assert default_pair([first]) is None


def test_a_report_in_words_gives_a_baseline_once_from_least_to_most() -> None:
    copied = [BaselineScore(name="copy", answer="", value=value) for value in (0.3, 0.1)]
    points = (point(baselines=(MAJORITY, copied[0])), point(baselines=(MAJORITY, copied[1])))
    study = Study(name="Sport", task_type="text_classification", metric="accuracy", budget=Budget(currency="USD"))
    nothing = UnusedCosts(groups=())
    text = report_text(Report(study=study, points=points, used=Decimal(0), unused=nothing, spent=Decimal(0)))
    assert "Copied answers 10.0 % to 30.0 %; Most frequent answer 50.0 %" in text


def report_on(*points: Point) -> Report:
    study = Study(name="Sport", task_type="text_classification", metric="accuracy", budget=Budget(currency="USD"))
    return Report(study=study, points=points, used=Decimal(0), unused=UnusedCosts(groups=()), spent=Decimal(0))


def copied(value: float) -> BaselineScore:
    return BaselineScore(name="copy", answer="most similar training text", value=value)


def test_a_kind_of_baseline_has_one_row_however_often_it_was_measured() -> None:
    values = (0.3, 0.3, 0.1, 0.30001)
    rows = report_on(*(point(artifact_id=i, baselines=(copied(value),)) for i, value in enumerate(values))).baselines
    assert [(row.title, row.value, row.answers) for row in rows] == [
        ("Copied answers", "10.0 % to 30.0 %", ("most similar training text",))
    ]


def test_a_student_is_held_against_the_baselines_of_its_own_training_data() -> None:
    ahead = point(artifact_id=1, utility=0.6, low=0.55, baselines=(MAJORITY, copied(0.4)))
    behind = point(artifact_id=2, utility=0.6, low=0.45, baselines=(MAJORITY, copied(0.7)))
    rows = {row.title: row.matches for row in report_on(ahead, behind).baselines}
    assert rows == {"Copied answers": (2,), "Most frequent answer": (2,)}


def test_who_does_not_beat_a_baseline_does_not_beat_a_better_one() -> None:
    values = (MAJORITY, CONSTANT, copied(0.8))
    rows = report_on(*(point(artifact_id=i, low=i / 10, baselines=values) for i in range(10))).baselines
    assert [set(row.matches) for row in rows] == sorted((set(row.matches) for row in rows), key=len, reverse=True)
