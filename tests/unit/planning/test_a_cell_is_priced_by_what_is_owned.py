import numpy as np
import pytest

from planning.surfaces import Cell, Cells, PriceList, Surface, fit_compute_cost
from tests.unit.planning.grounds import place, point, tiny


def test_a_total_is_split_into_labels_teacher_and_pseudo_labels() -> None:
    prices = PriceList.of(tiny())
    assert prices.label_dollars.tolist() == [10, 10, 10, 20, 20, 20]
    assert prices.compute_dollars.tolist() == [0, 20, 30, 0, 30, 40]
    assert prices.teacher_dollars == pytest.approx([0, 10, 10, 0, 20, 20])


def test_labels_and_teachers_are_paid_once() -> None:
    surface, prices = tiny(), PriceList.of(tiny())
    owned = prices.after(prices.nothing(), place(surface, 10, 100))
    assert prices.prices(owned) == pytest.approx([0, 10, 20, 10, 40, 50])


def test_a_missing_label_price_is_the_median_per_label() -> None:
    rows = (point(10, 0, 10.0, 1.0), point(20, 0, 40.0, 1.0), point(40, 100, 70.0, 1.0))
    assert PriceList.of(Surface(name="a", points=rows)).label_dollars.tolist() == [10, 40, 60]


def test_a_teacher_is_never_dearer_than_the_cheapest_compute() -> None:
    rows = (point(10, 0, 10.0, 1.0), point(10, 100, 40.0, 1.0), point(10, 200, 30.0, 1.0))
    assert PriceList.of(Surface(name="a", points=rows)).teacher_dollars.tolist() == [0, 20, 20]


def test_a_shortest_bill_and_two_prices_are_recovered() -> None:
    labels, pseudo = (axis.ravel() for axis in np.meshgrid([100.0, 500.0, 1000.0, 5000.0], [1_000.0, 10_000.0]))
    bills = np.maximum(4.0, 0.008 * labels) + 0.001 * pseudo
    none = np.zeros(len(labels))
    nothing = dict.fromkeys(("teachers", "chosen", "layers", "opinions", "by_model", "verified", "later"), none)
    cells = Cells(labels=labels, pseudo_labels=pseudo, **nothing)
    cost = fit_compute_cost(cells=cells, dollars=bills, device_rate=2.0)
    assert (cost.shortest, cost.per_label, cost.per_pseudo_label) == pytest.approx((4.0, 0.008, 0.001), rel=0.01)
    assert cost.relative_error < 0.01


def test_a_cost_model_needs_a_bill() -> None:
    with pytest.raises(ValueError, match="no cell has a compute bill"):
        fit_compute_cost(cells=Cells.of([Cell(1)]), dollars=np.zeros(1), device_rate=1.0)
