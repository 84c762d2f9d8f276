import pytest

from planning.policy import has_choice, pilot_of
from planning.surfaces import TEACHER, Cell

HALF, EVERY, LOOK, TAUGHT = Cell(20), Cell(40), Cell(40, TEACHER), Cell(40, 50.0)
OFFERS = [Cell(0), Cell(10), HALF, EVERY, Cell(100), LOOK, Cell(20, TEACHER), TAUGHT, Cell(40, 200.0), Cell(20, 20.0)]


def pilot(*known: Cell, num_labels: int = 40) -> tuple[Cell, ...]:
    """As offers leave out what is known."""
    on_offer = [cell for cell in OFFERS if cell not in known]
    return pilot_of(offers=on_offer, known=known, num_labels=num_labels)


def test_with_labels_it_is_two_students_the_teacher_and_its_cheapest_student() -> None:
    assert pilot() == (HALF, EVERY, LOOK, TAUGHT)


def test_without_labels_it_is_what_none_come_to_on_both_paths_and_a_student_of_the_fewest() -> None:
    look, taught = Cell(0, TEACHER), Cell(0, 50.0)
    offers = [*OFFERS, look, taught, Cell(0, 200.0)]
    assert pilot_of(offers=offers, known=[], num_labels=0) == (Cell(0), Cell(10), look, taught)
    known = [Cell(0), look, taught]
    further = [cell for cell in offers if cell not in known]
    assert pilot_of(offers=further, known=known, num_labels=0) == (Cell(10),)
    assert pilot(num_labels=0) == (Cell(0), Cell(10))


@pytest.mark.parametrize(
    ("known", "rest"),
    [
        ([EVERY], (HALF, LOOK, TAUGHT)),
        ([HALF], (EVERY, LOOK, TAUGHT)),
        ([Cell(38)], (HALF, LOOK, TAUGHT)),
        ([LOOK], (HALF, EVERY, TAUGHT)),
        ([Cell(20, TEACHER), Cell(20, 20.0)], (HALF, EVERY)),
        ([Cell(5), Cell(10), LOOK], (TAUGHT,)),
        ([HALF, EVERY, LOOK, TAUGHT], ()),
    ],
)
def test_what_is_known_stands_for_its_like(known: list[Cell], rest: tuple[Cell, ...]) -> None:
    assert pilot(*known) == rest


def test_once_labels_are_there_a_teacher_of_none_and_its_students_stand_for_none() -> None:
    assert pilot(Cell(0, TEACHER), Cell(0, 1_000.0)) == pilot()


def test_students_of_fewer_layers_are_no_part_of_it_and_stand_for_none() -> None:
    carved = [Cell(40, layers=2), Cell(40, 50.0, layers=2)]
    assert pilot(*carved) == pilot()
    assert pilot_of(offers=[*OFFERS, *carved], known=[], num_labels=40) == pilot()


def test_what_is_not_on_offer_is_left_out() -> None:
    assert pilot_of(offers=[EVERY], known=[], num_labels=40) == (EVERY,)
    assert pilot_of(offers=[], known=[], num_labels=0) == ()


@pytest.mark.parametrize(
    ("cells", "is_one"),
    [
        ([Cell(0), HALF, EVERY, LOOK, Cell(20, 20.0)], False),
        ([EVERY, Cell(50)], True),
        ([EVERY, TAUGHT], True),
        ([], False),
    ],
)
def test_students_of_the_labels_there_are_no_choice(cells: list[Cell], is_one: bool) -> None:
    assert has_choice(cells=cells, num_labels=40) is is_one
