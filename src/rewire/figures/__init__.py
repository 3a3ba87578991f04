"""Figures: the rows behind them, how they are drawn, and how they are saved; importing this loads no matplotlib."""

from rewire.figures.figure import Figure, save
from rewire.figures.plots import bars, curves, heatmap, images, legend, ridge
from rewire.figures.style import DASHES, INK, MUTED, SERIES
from rewire.figures.tables import Row, histograms, matrix, mean_std

__all__ = [
    "DASHES",
    "INK",
    "MUTED",
    "SERIES",
    "Figure",
    "Row",
    "bars",
    "curves",
    "heatmap",
    "histograms",
    "images",
    "legend",
    "matrix",
    "mean_std",
    "ridge",
    "save",
]
