"""What a manager of a study should do next, decided from a few counts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The state of a study. Labels count examples of the pool; points are trained and evaluated students."""

    num_examples: int
    num_test_labels: int
    num_test_examples: int
    num_labels: int
    num_open: int
    num_active_runs: int
    num_annotate_points: int
    num_distil_points: int
    last_run_failed: bool
    num_paused_runs: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    text: str
    link: str
    url_name: str


def next_step(facts: Facts) -> Step:
    """The first thing that the study lacks for a comparison."""
    return _step_of_data(facts) or _step_of_labels(facts) or _step_of_runs(facts) or _step_of_report(facts)


def _step_of_data(facts: Facts) -> Step | None:
    if not facts.num_examples:
        return Step(text="The study has no data yet.", link="Import examples", url_name="import-upload")
    if facts.num_test_labels:
        return None
    if not facts.num_test_examples:
        text = "No example is in the test split, so no utility could be measured."
        return Step(text=text, link="Import test examples", url_name="import-upload")
    text = "No test example has a label yet, so no utility could be measured. Publish the test split, or import labels."
    return Step(text=text, link="Publish test examples", url_name="labelling")


def _step_of_labels(facts: Facts) -> Step | None:
    if facts.num_labels:
        return None
    if facts.num_open:
        text = f"{facts.num_open:,} examples are waiting in Label Studio. Until then, runs start with 0 labels."
        return Step(text=text, link="See the labelling", url_name="labelling")
    text = "The pool has no labels yet. A first student can be made without: start a run with 0 labels."
    return Step(text=text, link="Publish examples", url_name="labelling")


def _step_of_runs(facts: Facts) -> Step | None:
    if facts.num_active_runs:
        return Step(text=f"{_runs_are(facts.num_active_runs)} in progress.", link="Watch", url_name="runs")
    if facts.num_paused_runs:
        text = f"{_runs_are(facts.num_paused_runs)} paused; each run's page says how to resume it."
        return Step(text=text, link="See the runs", url_name="runs")
    if facts.last_run_failed:
        return Step(text="The latest run failed; its page says why.", link="See the runs", url_name="runs")
    if not facts.num_annotate_points:
        text = "Train a student on the labels alone, as the baseline to compare with."
        return Step(text=text, link="Start a run", url_name="start-run")
    if not facts.num_distil_points:
        text = "Only the annotate path has been tried. See what a teacher adds for the same labels."
        return Step(text=text, link="Start a run", url_name="start-run")
    return None


def _runs_are(number: int) -> str:
    return "A run is" if number == 1 else f"{number} runs are"


def _step_of_report(facts: Facts) -> Step:
    num_points = facts.num_annotate_points + facts.num_distil_points
    text = f"{num_points} trained students are on the report; compare the marginal utility per dollar of each path."
    return Step(text=text, link="Open the report", url_name="report")
