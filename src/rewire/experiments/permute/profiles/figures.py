"""Figures of permute/profiles: the band that a layer's sorted weight vectors lie in, beside the control's."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rewire.figures import SERIES, Figure, legend
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLOURS = {"weights": SERIES[0], "control": SERIES[1]}
COLUMNS = 4


def figures(records: Records) -> list[Figure]:
    """One per network, of its first seed: Fig 1 and Fig 2."""
    bands = Records([row for row in records if "rank" in row])
    return [
        profile_figure(
            f"profiles-{number}",
            f"Weight profiles: {label}",
            rows.where(seed=min(rows.values("seed"))),
            "Sorted weight vectors of each layer after training, in place of the paper's pretrained networks (one "
            "seed); control: the same vectors, each stretched by its own factor in [½, 2].",
        )
        for number, (label, rows) in enumerate(bands.by("label").items(), start=1)
    ]


def profile_figure(name: str, title: str, rows: Iterable[Mapping[str, Any]], caption: str) -> Figure:
    """A panel per layer from `band_records`: the median vector as a line, 5 to 95 % of the vectors as a band."""
    rows = list(rows)
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    columns = min(len(layers), COLUMNS)
    height = -(-len(layers) // columns)

    def draw(canvas: "Canvas") -> None:
        panels = canvas.subplots(height, columns, squeeze=False).ravel()
        for axes in panels[len(layers) :]:
            axes.set_axis_off()
        for axes, layer in zip(panels, layers):
            _bands(axes, [row for row in rows if row["layer"] == layer])
            axes.set_title(layer)
        legend(panels[0])

    return Figure(name, title, f"{caption} Lines: median; bands: 5 to 95 %.", rows, draw, (2.6 * columns, 2.9 * height))


def _bands(axes: "Axes", rows: list[Mapping[str, Any]]) -> None:
    for of, colour in reversed(COLOURS.items()):  # the control's band is the wider one
        mine = [row for row in rows if row["of"] == of]
        x = [row["rank"] for row in mine]
        axes.fill_between(
            x, [row["low"] for row in mine], [row["high"] for row in mine], color=colour, alpha=0.3, lw=0, label=of
        )
        axes.plot(x, [row["middle"] for row in mine], color=colour, linewidth=1.2)
    axes.set_xlabel("rank ÷ length")
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
