from random import Random

from reports.charts.names import NamePlace, readable


def place(text: str, x: float, y: float, *, rank: float = 0, is_kept: bool = False) -> NamePlace:
    """A name to the right of its mark."""
    return NamePlace(text=text, align="left", x=x + 8, y=y, mark=(x, y), rank=(rank,), is_kept=is_kept)


def test_names_apart_are_all_written() -> None:
    assert readable([place("100", 0, 0), place("200", 0, 40), place("300", 200, 0)]) == [True] * 3


def test_of_two_that_collide_the_one_of_the_lower_rank_is_written() -> None:
    assert readable([place("100 + 500", 0, 0, rank=2), place("200", 10, 13, rank=1)]) == [True, True]
    assert readable([place("100 + 500", 0, 0, rank=2), place("200", 10, 11.5, rank=1)]) == [False, True]
    assert readable([place("100 + 500", 0, 0, rank=1), place("200", 10, 11.5, rank=2)]) == [True, False]


def test_a_name_that_lies_on_another_mark_is_left_out() -> None:
    assert readable([place("100", 0, 0), place("200", 20, 0)]) == [False, True]


def test_students_at_one_place_have_one_name() -> None:
    assert readable([place("100", 0, 0), place("100", 0, 0)]) == [True, False]


def test_the_recommended_name_is_written_whatever_it_lies_on() -> None:
    assert readable([place("Recommended: 100", 0, 0, rank=-1, is_kept=True), place("200", 20, 0)]) == [True, False]


def test_no_two_of_thirty_written_names_overlap() -> None:
    random = Random(1)
    places = [place("1,000 + 5,000", random.uniform(0, 640), random.uniform(0, 380), rank=n) for n in range(30)]
    boxes = [one.box for one, is_written in zip(places, readable(places), strict=True) if is_written]
    assert len(boxes) > 5
    for number, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:number]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_nothing_is_written_of_nothing() -> None:
    assert readable([]) == []
