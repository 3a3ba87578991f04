"""The house style of figures: one palette, readable sizes, a restrained grid; nothing global is touched."""

from contextlib import AbstractContextManager

INK = "#1f2328"
MUTED = "#59636e"
GRID = "#d8dee5"
PAPER = "#fdfdfe"

# Okabe & Ito's colour-blind-safe order, the light ones darkened to 3:1 on white.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#bf6aa0", "#3596d1", "#bf8400", "#6a51a3", "#7a7a7a")
SERIES_ON_DARK = ("#4fa8e0", "#ff8b4d", "#2fc298", "#e59cc8", "#8accf2", "#f0bc4a", "#a893e0", "#a8a8a8")
DASHES = ("-", (0, (5, 1.6)), (0, (6, 1.5, 1.2, 1.5)), (0, (1.3, 1.3)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))


def house_style() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in the house style; leaving it restores the caller's settings.

    >>> import matplotlib
    >>> before = matplotlib.rcParams["font.size"]
    >>> with house_style():
    ...     matplotlib.rcParams["font.size"]
    10.5
    >>> matplotlib.rcParams["font.size"] == before
    True
    """
    import matplotlib  # (slow to import; only drawing needs it)

    return matplotlib.rc_context({**_text(), **_lines(), **_files()})


def _text() -> dict:
    return {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.5,
        "text.color": INK,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.titlecolor": INK,
        "axes.labelcolor": INK,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.fontsize": 9.5,
        "legend.frameon": False,
    }


def _lines() -> dict:
    from cycler import cycler

    return {
        "figure.facecolor": PAPER,
        "axes.facecolor": "none",
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=SERIES),
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "lines.linewidth": 1.9,
        "hatch.linewidth": 0.6,
        "image.cmap": "cividis",
    }


def _files() -> dict:
    # Text stays text in SVG: small, selectable, in the page's colour. A fixed salt makes two drawings equal bytes.
    return {
        "savefig.dpi": 150,
        "figure.constrained_layout.use": True,
        "svg.fonttype": "none",
        "svg.hashsalt": "rewire",
    }
