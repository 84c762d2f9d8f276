import pytest

from training.spec import are_plenty
from training.tasks import TASK_TYPES


@pytest.mark.parametrize(
    ("task_type", "num_labels", "is_enough"),
    [
        ("text_classification", 999, False),
        ("text_classification", 1_000, True),
        ("pair_classification", 1_000, False),
        ("pair_classification", 9_999, False),
        ("pair_classification", 10_000, True),
    ],
)
def test_pairs_are_compared_with_what_a_cosine_says_up_to_ten_times_as_many_labels(
    task_type: str, num_labels: int, is_enough: bool
) -> None:
    sizes = {"num_rows": num_labels, "num_classes": 2}
    assert are_plenty(num_labels, **sizes, task_type=TASK_TYPES[task_type]) is is_enough
