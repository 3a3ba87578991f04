"""Figure of permute/storage: bytes per weight in every way of storing a permuted network."""

from typing import TYPE_CHECKING

from rewire.figures import SERIES, Figure, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

WAYS = {"float32": "float32", "bytes": "seed and permutation", "bound": "log2 of the count of permutations"}


def figures(records: Records) -> list[Figure]:
    """Bars of kB by method."""
    mine = [row for row in records if "identical" in row]
    rows = [
        {"label": row["label"], "what": words, "kB": row["mean"] / 1000, "n": row["n"]}
        for of, words in WAYS.items()
        for row in mean_std(mine, "label", of=of)
    ]
    if not rows:
        return []
    labels = list(dict.fromkeys(row["label"] for row in rows))
    caption = (
        "What one trained network 784-500-300-10 takes: its float32 values, the file of its permutation (biases, which "
        f"are no permutations, included) and the bound. n = {rows[0]['n']} seeds, all loaded bit for bit."
    )

    def draw(canvas: "Canvas") -> None:
        panels = canvas.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, label in zip(panels, labels):
            bars = [row for row in rows if row["label"] == label][::-1]
            places = axes.barh([row["what"] for row in bars], [row["kB"] for row in bars], color=SERIES[0], height=0.6)
            axes.bar_label(places, [f"{row['kB']:.0f} kB" for row in bars], padding=4, fontsize=9)
            axes.set_title(label)
            axes.grid(visible=False)
            axes.margins(x=0.12)
        panels[-1].set_xlabel("kB")

    return [Figure("bytes", "Bytes of a permuted network", caption, rows, draw, (7.2, 1.1 + 1.15 * len(labels)))]
