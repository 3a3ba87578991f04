"""What each command of the command line does, given its options. Heavy imports wait until a command needs them."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.errors import choice
from rewire.options import Bench, Inspect, List, Report, Run
from rewire.table import show

if TYPE_CHECKING:
    from rewire.experiments import Finished, Recipe

VERDICT_COLUMNS = ("recipe", "claim", "statement", "paper", "ours", "quantity", "n", "verdict", "budget", "note")


def list_recipes(options: List) -> int:
    """Print every recipe."""
    from rewire.experiments import recipes

    rows = [
        {
            "id": recipe.id,
            "document": recipe.document,
            "figures": list(recipe.figures),
            "summary": recipe.summary,
            "claims": [claim.id for claim in recipe.claims],
            "cost": dict(recipe.cost),
        }
        for recipe in recipes().values()
    ]
    if options.json:
        _print_json(rows)
    else:
        costs = [{f"{budget} s": cost for budget, cost in row.pop("cost").items()} for row in rows]
        show([row | cost for row, cost in zip(rows, costs)])
    return 0


def run(options: Run) -> int:
    """Run recipes and print their claims; 0 when every run finished, 1 when one failed, 2 when its input was bad."""
    from rewire.experiments import BUDGETS, find, match, run_recipes
    from rewire.runs import resolve_device

    seeds = _seeds(options.seeds)
    if not options.ids:
        raise ValueError("ID must name at least one recipe, group or glob; got none; `rewire list` shows them")
    recipes = [find(name) for name in match(options.ids)]
    if options.budget not in BUDGETS:
        raise choice("--budget", BUDGETS, options.budget)
    jobs = None if options.jobs is None else _whole("--jobs", options.jobs, least=1)
    _check_data(options.data)
    device = resolve_device(options.device)
    if options.dry_run:
        return _dry_run(recipes, options, seeds)
    finished = run_recipes(
        recipes, budget=options.budget, seeds=seeds, device=device, data=options.data, out=options.out, jobs=jobs
    )
    return _conclude(finished, options.json)


def report(options: Report) -> int:
    """Write the page and say where."""
    from rewire.report import build

    if not options.runs.is_dir():
        raise ValueError(
            f"RUNS must be a folder written by `rewire run`; got {str(options.runs)!r}; run a recipe first"
        )
    _check_page(options.out)
    print(build(options.runs, options.out))
    return 0


def inspect(options: Inspect) -> int:
    """Print what a saved gated model or another saved file holds."""
    show(_description(options.path))
    return 0


def bench(options: Bench) -> int:
    """Run benchmarks and print their ratios."""
    from rewire.bench import run as run_benchmarks

    rows = run_benchmarks(options.names)
    _print_json(rows) if options.json else show(rows)
    return 0


ACTIONS: dict[type, Callable[[Any], int]] = {
    List: list_recipes,
    Run: run,
    Report: report,
    Inspect: inspect,
    Bench: bench,
}


# A file's "format", and the module whose `describe` makes rows of such a file.
FORMATS = {
    "rewire mask": "rewire.masks",
    "rewire permutation": "rewire.permutations",
    "rewire ticket": "rewire.tickets",
}


def _description(path: Path) -> list[dict[str, object]]:
    if path.is_dir():
        from rewire.gates import describe

        return describe(path)
    if not path.is_file():
        raise ValueError(
            f"PATH must be a folder written by rewire.save or a file such as save_mask writes; got {str(path)!r}; "
            "save one first"
        )
    from rewire.files import read_format

    found = read_format(path)
    if found not in FORMATS:
        raise choice(f"format of {path}", FORMATS, found)
    return import_module(FORMATS[found]).describe(path)


def _dry_run(recipes: "Sequence[Recipe]", options: Run, seeds: list[int] | None) -> int:
    from rewire.experiments import outline

    rows = [
        {**row, "cost_of_recipe": recipe.cost[options.budget]}
        for recipe in recipes
        for row in outline(recipe, options.budget, options.out, seeds)
    ]
    if options.json:
        _print_json(rows)
        return 0
    lines = [{**row, "config": " ".join(f"{name}={value}" for name, value in row["config"].items())} for row in rows]
    show(lines, ("recipe", "stage", "seeds", "done", "pending", "directory", "config"))
    total = sum(recipe.cost[options.budget] for recipe in recipes)
    print(f"cost: about {total:.0f} s of one core at budget {options.budget}, less what is done")
    return 0


def _conclude(finished: "Finished", as_json: bool) -> int:
    """Print claims to stdout and failures to stderr, one line for each different reason."""
    from rewire.experiments.results import number

    if as_json:
        _print_json(finished.rows)
    elif any(result["runs"] for result in finished.results):
        show([{**row, "ours": number(row)} for row in finished.rows], VERDICT_COLUMNS)
    for error in finished.unwritten:
        print(f"rewire: results not written: {error}", file=sys.stderr)
    reasons: dict[str, list[str]] = {}
    for job, failure in finished.failures:
        reasons.setdefault(failure.message, []).append(job.name)
    for message, names in reasons.items():
        others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        print(f"rewire: {names[0]}{others}: {message}", file=sys.stderr)
    bad_input = any(failure.bad_input for _, failure in finished.failures)
    return 2 if bad_input else 1 if finished.failures else 0


def _check_data(data: Path | None) -> None:
    if data is not None and not data.is_dir():
        raise ValueError(
            f"--data must be a folder with mnist/, fashion-mnist/ or cifar-10-batches-bin/; got {str(data)!r}, "
            "which is none; leave it out to download"
        )


def _check_page(page: Path) -> None:
    """Find out before the work, not after it; a folder or a device must never be replaced by a page."""
    if page.exists() and not page.is_file():
        raise ValueError(f"--out must be a file; got {str(page)!r}, which is none; name a page, as report.html")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=page.parent):
            pass
    except OSError as error:
        raise ValueError(
            f"--out must be in a folder that can be written; got {str(page)!r} ({error.strerror}); choose another"
        ) from None


def _seeds(texts: Sequence[str] | None) -> list[int] | None:
    """Different whole numbers, or None for the recipe's own."""
    if texts is None:
        return None
    seeds = [_whole("--seeds", text, least=0) for text in texts]
    if not seeds:
        raise ValueError("--seeds must name at least one seed; got none; leave it out for the recipe's own")
    if twice := [seed for seed in dict.fromkeys(seeds) if seeds.count(seed) > 1]:
        raise ValueError(f"--seeds must be different; got {twice[0]} twice; name each once")
    return seeds


def _whole(parameter: str, text: str, least: int) -> int:
    """The whole number in `text`, or one line that says what is wrong with it."""
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ValueError(
            f"{parameter} must be whole numbers from {least} up; got {text!r}; put recipe ids before options"
        )
    return int(text)


def _print_json(rows: Sequence[dict[str, Any]]) -> None:
    encodes_all = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(rows, indent=2, ensure_ascii=not encodes_all))
