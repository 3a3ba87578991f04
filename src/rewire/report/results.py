"""What `rewire run` left in a folder: per recipe the claims of its best budget, whatever is damaged told as a note."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewire.files import read_json

BUDGETS = ("full", "quick")  # the first that can be read wins


@dataclass(frozen=True)
class Result:
    """One recipe's claims at one budget, as written by `rewire run`; fields that the file lacks are empty."""

    recipe: str
    budget: str
    rows: list[dict[str, Any]]
    seconds: float | None = None
    hardware: Any = ""
    threads: Any = ""
    versions: dict[str, Any] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)


def results(root: Path) -> tuple[list[Result], list[str]]:
    """All recipes' results below `root`, `full` before `quick`, and one note per file that could not be used."""
    found, notes = [], []
    for directory in recipe_folders(root):
        for budget in BUDGETS:
            path = directory / f"{budget}.json"
            if not path.exists():
                continue
            try:
                found.append(read(path, directory.relative_to(root).as_posix()))
                break
            except (OSError, ValueError) as error:
                notes.append(f"left out: {error}")
    return found, notes


def recipe_folders(root: Path) -> list[Path]:
    """Folders below `root` that hold claims (<budget>.json) or runs (<run>/seed<k>/config.json), sorted."""
    claims = [path.relative_to(root).parts[:-1] for budget in BUDGETS for path in root.rglob(f"{budget}.json")]
    runs = [path.relative_to(root).parts[:-3] for path in root.rglob("seed*/config.json")]
    return [root.joinpath(*parts) for parts in sorted({parts for parts in claims + runs if parts})]


def read(path: Path, recipe: str) -> Result:
    """One <budget>.json. ValueError, in one line, for what is not JSON or not of that shape."""
    content = read_json(path)
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} must hold a list of claims under 'rows'; got none; run the recipe again")
    versions, seconds, seeds = (content.get(key) for key in ("versions", "seconds", "seeds"))
    return Result(
        recipe=recipe,
        budget=path.stem,
        rows=rows,
        seconds=seconds if isinstance(seconds, int | float) else None,
        hardware=content.get("hardware") or "",
        threads=content.get("threads") or "",
        versions={k: v for k, v in versions.items() if v is not None} if isinstance(versions, dict) else {},
        seeds=[seed for seed in seeds if isinstance(seed, int)] if isinstance(seeds, list) else [],
    )
