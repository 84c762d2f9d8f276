"""A tiny surface whose prices and regrets can be worked out by hand."""

from planning.surfaces import Cell, Point, Surface

ROWS = (
    # labels, pseudo-labels, dollars, score: a label costs 1; teachers cost 10 and 20; a pseudo-label costs 0.1.
    (10, 0, 10.0, 20.0),
    (20, 0, 20.0, 50.0),
    (10, 100, 30.0, 40.0),
    (10, 200, 40.0, 60.0),
    (20, 100, 50.0, 70.0),
    (20, 200, 60.0, 80.0),
)


def point(labels: int, pseudo_labels: float, dollars: float, score: float, sd: float | None = None) -> Point:
    return Point(cell=Cell(labels, pseudo_labels), dollars=dollars, score=score, sd=sd)


def tiny(name: str = "tiny") -> Surface:
    return Surface(name=name, points=tuple(point(*row) for row in ROWS))


def place(surface: Surface, labels: int, pseudo_labels: float) -> int:
    return [each.cell for each in surface.points].index(Cell(labels, pseudo_labels))
