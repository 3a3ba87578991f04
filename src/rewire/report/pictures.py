"""The figures of a recipe: drawn from the records of its finished runs, saved, and made ready for the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from rewire.figures.figure import Figure, save
from rewire.report.inline import data_uri, picture

if TYPE_CHECKING:
    from rewire.experiments.recipe import Recipe
    from rewire.runs import Records

WIDE = 6.5  # inches; a wider figure takes the whole width of the page


@dataclass(frozen=True)
class Picture:
    """A figure on the page: its image as HTML, its words, and its CSV as a data: link."""

    html: Markup
    title: str
    caption: str
    csv: str
    csv_name: str
    wide: bool


def pictures(recipe: "Recipe", records: "Records", runs: Path, directory: Path) -> tuple[list[Picture], list[str]]:
    """Draw what `recipe` draws from `records` (its artefacts are below `runs`) and save it in `directory`.

    What fails becomes a note, not an error.
    """
    if recipe.draw is None or not len(records):
        return [], []
    try:
        figures = list(recipe.draw(records, runs))
    except Exception as error:  # a recipe's drawing may meet any half-written run; the page must still appear
        return [], [f"the figures of {recipe.id} could not be drawn: {_line(error)}"]
    made, notes = [], []
    for figure in figures:
        try:
            made.append(_picture(figure, directory, recipe.id.replace("/", "-")))
        except Exception as error:  # as above: one bad figure must not take the others with it
            notes.append(f"figure {figure.name} of {recipe.id} could not be drawn: {_line(error)}")
    return made, notes


def _picture(figure: Figure, directory: Path, prefix: str) -> Picture:
    files = save(figure, directory)
    name = f"{prefix}-{figure.name}"
    return Picture(
        html=picture(files, figure.title, name),
        title=figure.title,
        caption=figure.caption,
        csv=data_uri(files.csv, "text/csv"),
        csv_name=f"{name}.csv",
        wide=figure.size[0] > WIDE,
    )


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
