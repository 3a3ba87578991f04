"""One recipe's part of the page: its claims, figures, settings, and the command that makes them again."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.report.claims import ClaimView, view
from rewire.report.pictures import Picture, pictures
from rewire.report.results import Result
from rewire.report.settings import Settings, read_settings
from rewire.runs import Records, run_name

if TYPE_CHECKING:
    from rewire.experiments.recipe import Recipe


@dataclass(frozen=True)
class Section:
    """A recipe on the page. `recipe` is None for one this version does not know, `result` where no claim was judged."""

    id: str
    recipe: "Recipe | None"
    result: Result | None
    claims: list[ClaimView]
    pictures: list[Picture]
    settings: Settings
    command: str
    notes: list[str]


def section(name: str, recipe: "Recipe | None", result: Result | None, out_root: Path, files: Path) -> Section:
    """Gather the part of recipe `name` from its runs below `out_root`; figures are saved below `files`."""
    budget = result.budget if result else "quick"
    notes = [] if result else [f"{name} has no claims yet that can be read; its command below makes them"]
    drawn: list[Picture] = []
    labels = None
    if recipe is None:
        notes.append(f"{name} is not a recipe of this version, so its figures are not drawn")
    else:
        labels = _labels(recipe, budget)
        try:
            records = finished_records(recipe, budget, out_root, result.seeds if result else [])
        except (OSError, ValueError) as error:
            records, notes = Records(), [*notes, f"the records of {name} cannot be read: {error}"]
        drawn, problems = pictures(recipe, records, out_root / name, files / name)
        notes += problems
    settings = read_settings(out_root / name, labels)
    return Section(
        id=name,
        recipe=recipe,
        result=result,
        claims=[view(row, name) for row in result.rows] if result else [],
        pictures=drawn,
        settings=settings,
        command=f"rewire run {shlex.quote(name)} --budget {shlex.quote(budget)}{_seeds(recipe, result)}{out(out_root)}",
        notes=[*settings.notes, *notes],
    )


def finished_records(recipe: "Recipe", budget: str, out_root: Path, seeds: list[int]) -> Records:
    """What `recipe` draws from: its finished runs at `budget`, of these seeds or all there are, and what it reads."""
    from rewire.experiments.plan import found, plan, seen

    jobs = plan(recipe, budget, out_root, seeds) if seeds else found(recipe, budget, out_root)
    return seen(recipe, jobs, budget, out_root)


def out(out_root: Path) -> str:
    """The option that names the folder of runs, empty for the default one."""
    return "" if str(out_root) == "runs" else f" --out {shlex.quote(str(out_root))}"


def _labels(recipe: "Recipe", budget: str) -> dict[str, str]:
    """What figures call each run folder; stages that share a config share a folder."""
    labels: dict[str, str] = {}
    for stage in recipe.stages(budget):
        name = run_name(stage.config)
        labels[name] = f"{labels[name]}, {stage.label}" if name in labels else stage.label
    return labels


def _seeds(recipe: "Recipe | None", result: Result | None) -> str:
    """The option that repeats these seeds, empty where they are the recipe's own."""
    if recipe is None or result is None:
        return ""
    from rewire.experiments.plan import seeds_option

    return seeds_option(recipe, result.budget, result.seeds)
