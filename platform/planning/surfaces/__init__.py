"""Recorded surfaces: score and cost of students by labels and pseudo-labels; their files, prices and cost model."""

from planning.surfaces.cells import TEACHER, BadSurface, Booleans, Cell, Cells, Floats, Point, Surface, merge_points
from planning.surfaces.cost_model import ComputeCost, fit_compute_cost, forecast_left_out
from planning.surfaces.distinct import distinct_surfaces
from planning.surfaces.files import (
    SDS_IN_INTERVAL,
    ReadTasks,
    measured_surfaces,
    published_surfaces,
    read_surfaces,
    read_tasks,
    shipped_file,
    write_surfaces,
)
from planning.surfaces.limits import Cap, NewLabels
from planning.surfaces.prices import Owned, PriceList

__all__ = [
    "SDS_IN_INTERVAL",
    "TEACHER",
    "BadSurface",
    "Booleans",
    "Cap",
    "Cell",
    "Cells",
    "ComputeCost",
    "Floats",
    "NewLabels",
    "Owned",
    "Point",
    "PriceList",
    "ReadTasks",
    "Surface",
    "distinct_surfaces",
    "fit_compute_cost",
    "forecast_left_out",
    "measured_surfaces",
    "merge_points",
    "published_surfaces",
    "read_surfaces",
    "read_tasks",
    "shipped_file",
    "write_surfaces",
]
