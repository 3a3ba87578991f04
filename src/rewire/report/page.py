"""The report: one HTML page that carries everything it shows, made from whatever a folder of runs holds."""

import base64
import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.files import write_atomic
from rewire.report.claims import VERDICTS, tally
from rewire.report.inline import palette
from rewire.report.results import recipe_folders, results
from rewire.report.section import Section, out, section
from rewire.report.settings import ranges
from rewire.report.words import duration, plain

if TYPE_CHECKING:
    from rewire.experiments.recipe import Recipe


def build(out_root: Path, target: Path, recipes: "Mapping[str, Recipe] | None" = None) -> Path:
    """Write the report of the runs below `out_root` to `target` and return it; files of figures go to <stem>_files/.

    Per recipe the claims of budget `full` are shown, else those of `quick`, and its figures where the recipe is one
    of `recipes` (default: all registered ones). Damaged or missing parts become notes on the page. The same runs
    give the same bytes. ValueError, in one line, where `out_root` is missing or holds no runs.
    """
    out_root, target = Path(out_root), Path(target)
    folders = _folders(out_root)
    known = _registered() if recipes is None else recipes
    found, notes = results(out_root)
    by_recipe = {result.recipe: result for result in found}
    ids = [folder.relative_to(out_root).as_posix() for folder in folders]
    order = [name for name in known if name in ids] + [name for name in ids if name not in known]
    files = target.with_name(f"{target.stem}_files")
    sections = [section(name, known.get(name), by_recipe.get(name), out_root, files) for name in order]
    notes += [note for part in sections for note in part.notes]
    missing = [recipe for name, recipe in known.items() if name not in ids]
    html = _render(sections, notes, missing, out_root, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, html.encode())
    return target


def _folders(out_root: Path) -> list[Path]:
    problem = "nothing there" if not out_root.exists() else "a file" if not out_root.is_dir() else ""
    folders = [] if problem else recipe_folders(out_root)
    if not folders:
        raise ValueError(
            f"runs must be a folder with results of `rewire run`; got {out_root}, {problem or 'without any run'}; "
            f"run `rewire run light-switch/digits --out {shlex.quote(str(out_root))}` first"
        )
    return folders


def _registered() -> "Mapping[str, Recipe]":
    from rewire.experiments.registry import recipes

    return recipes()


def _render(sections: list[Section], notes: list[str], missing: "list[Recipe]", out_root: Path, target: Path) -> str:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rewire.report", "template"),
        autoescape=True,  # statements, notes and options are other people's text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "duration": duration, "ranges": ranges}
    assert environment.loader is not None
    style, script = (environment.loader.get_source(environment, name)[0] for name in ("page.css", "page.js"))
    claims = [claim for part in sections for claim in part.claims]
    return environment.get_template("page.html.jinja").render(
        sections=sections,
        claims=claims,
        tally=tally(claims),
        verdicts=VERDICTS,
        notes=notes,
        missing=missing,
        machines=machines(sections),
        seconds=sum(part.result.seconds or 0 for part in sections if part.result),
        report_command=f"rewire report {shlex.quote(str(out_root))} --out {shlex.quote(str(target))}",
        palettes=(palette(), palette(dark=True)),
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        files=f"{target.stem}_files",
        out=out(out_root),
    )


def machines(sections: list[Section]) -> list[dict[str, Any]]:
    """The distinct environments behind the claims, each with the recipes measured there and their wall time."""
    groups: dict[str, dict[str, Any]] = {}
    for part in sections:
        if result := part.result:
            key = repr((result.hardware, result.threads, result.versions))
            empty = {"result": result, "recipes": [], "seconds": 0.0}
            machine = groups.setdefault(key, empty)
            machine["recipes"].append(part.id)
            machine["seconds"] += result.seconds or 0.0
    return list(groups.values())
