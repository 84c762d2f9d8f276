import pytest

from planning.published_hours import PUBLISHED_EPOCHS, published_hours


def test_a_teacher_takes_two_hours_at_least_and_then_grows_with_its_labels() -> None:
    hours = published_hours()
    assert hours.teacher(0) == hours.teacher(100) == pytest.approx(2, rel=0.05)
    assert hours.teacher(10_000) == pytest.approx(10_000 * hours.per_label)


def test_a_published_chain_takes_t_of_labels_and_k_per_pseudo_label() -> None:
    hours = published_hours()
    num = 20_000
    chain = hours.teacher(5_000) + hours.scoring(num) + hours.student(PUBLISHED_EPOCHS * num)
    assert chain == pytest.approx(hours.teacher(5_000) + hours.per_pseudo_label * num)


def test_published_tasks_tell_device_hours() -> None:
    hours = published_hours()
    assert 0.002 < hours.per_label < 0.008
    assert 0.0003 < hours.per_pseudo_label < 0.003
