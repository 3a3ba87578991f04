"""Figures of experiments and the page that shows them; importing this loads neither matplotlib nor jinja2."""

from rewire.report.figure import Figure, save
from rewire.report.page import build
from rewire.report.plots import bars, curves, heatmap, images, ridge
from rewire.report.tables import histograms, matrix, mean_std

__all__ = [
    "Figure",
    "bars",
    "build",
    "curves",
    "heatmap",
    "histograms",
    "images",
    "matrix",
    "mean_std",
    "ridge",
    "save",
]
