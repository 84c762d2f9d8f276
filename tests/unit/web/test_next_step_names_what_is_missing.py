import dataclasses

import pytest

from web.presenters.next_step import Facts, next_step

EMPTY = Facts(
    num_examples=0,
    num_test_labels=0,
    num_test_examples=0,
    num_labels=0,
    num_open=0,
    num_active_runs=0,
    num_annotate_points=0,
    num_distil_points=0,
    last_run_failed=False,
)
READY = dataclasses.replace(EMPTY, num_examples=50, num_test_examples=10, num_test_labels=10, num_labels=20)


@pytest.mark.parametrize(
    ("facts", "url_name"),
    [
        (EMPTY, "import-upload"),
        (dataclasses.replace(READY, num_test_labels=0), "labelling"),
        (dataclasses.replace(READY, num_test_labels=0, num_test_examples=0), "import-upload"),
        (dataclasses.replace(READY, num_labels=0), "labelling"),
        (dataclasses.replace(READY, num_labels=0, num_open=5), "labelling"),
        (READY, "start-run"),
        (dataclasses.replace(READY, num_active_runs=1), "runs"),
        (dataclasses.replace(READY, num_paused_runs=1), "runs"),
        (dataclasses.replace(READY, last_run_failed=True), "runs"),
        (dataclasses.replace(READY, num_annotate_points=1), "start-run"),
        (dataclasses.replace(READY, num_annotate_points=1, num_distil_points=1), "report"),
    ],
)
def test_the_next_step_leads_to_the_page_where_it_is_done(facts: Facts, url_name: str) -> None:
    assert next_step(facts).url_name == url_name
