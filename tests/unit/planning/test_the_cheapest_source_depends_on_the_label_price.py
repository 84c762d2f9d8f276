from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from planning.label_prices import CostLine, cheapest_by_label_price


def line(name: str, fixed: str, num_labels: int) -> CostLine:
    return CostLine(name=name, fixed=Decimal(fixed), num_labels=num_labels)


def test_labels_are_cheapest_while_they_are_cheap() -> None:
    people, both, model = line("people", "0.1", 600), line("both", "2.1", 100), line("model", "9.1", 0)
    found = cheapest_by_label_price(lines=[model, both, people])
    assert [(one.line.name, one.since, one.until) for one in found] == [
        ("people", Decimal(0), Decimal("0.004")),
        ("both", Decimal("0.004"), Decimal("0.07")),
        ("model", Decimal("0.07"), None),
    ]


def test_what_is_dearer_at_every_price_is_never_best() -> None:
    found = cheapest_by_label_price(lines=[line("good", "1", 10), line("bad", "2", 10), line("worse", "3", 20)])
    assert [one.line.name for one in found] == ["good"]
    assert cheapest_by_label_price(lines=[]) == []


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=8),
    st.integers(0, 40),
)
def test_at_every_price_it_names_the_least_cost(pairs: list[tuple[int, int]], price: int) -> None:
    lines = [line(str(place), str(fixed), num) for place, (fixed, num) in enumerate(pairs)]
    at = Decimal(price) / 4
    found = cheapest_by_label_price(lines=lines)
    there = next(one for one in found if one.since <= at and (one.until is None or at <= one.until))
    assert abs(there.line.at(at) - min(one.at(at) for one in lines)) < Decimal("1e-20")
