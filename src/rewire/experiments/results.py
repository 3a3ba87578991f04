"""Claims and benchmarks as the README's tables: `python -m rewire.experiments.results results/*.json` rewrites them."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewire.experiments.registry import MODULES
from rewire.files import read_json, write_atomic

README = Path("README.md")
CLAIMS = ("claim", "the paper says", "paper", "ours", "quantity", "n", "verdict", "budget")
BENCHMARKS = ("name", "ours", "reference", "ratio", "target", "unit", "threads", "rounds")


def claims_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of `rewire run` as a Markdown table: the paper's number beside ours (mean ± std), n, verdict, budget."""
    return _table(
        CLAIMS,
        (
            (
                *(row[key] for key in ("claim", "statement", "paper")),
                number(row),
                *(row[key] for key in ("quantity", "n", "verdict", "budget")),
            )
            for row in rows
        ),
    )


def benchmarks_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of `rewire bench --json` as a Markdown table, and the machine they were measured on."""
    machines = sorted({f"{row['hardware']}, torch {row['torch']}" for row in rows})
    lines = ([row.get(column, "") for column in BENCHMARKS] for row in rows)
    return "\n".join([_table(BENCHMARKS, lines), "", *(f"Measured on {machine}." for machine in machines)])


def number(row: Mapping[str, Any]) -> str:
    """Our number as text, with its spread where there is one.

    >>> number({"ours": 0.93721, "std": 0.0042}), number({"ours": None, "std": None})
    ('0.9372 ± 0.0042', '')
    """
    ours = "" if row["ours"] is None else f"{row['ours']:.4g}" if isinstance(row["ours"], float) else str(row["ours"])
    return ours if row["std"] is None else f"{ours} ± {row['std']:.2g}" if isinstance(row["std"], float) else ours


def provenance(result: Mapping[str, Any]) -> str:
    """What stands behind a recipe's numbers, in one line: budget, runs, seconds, hardware, threads, torch."""
    torch = result["versions"]["torch"]
    return (
        f"`{result['recipe']}` {result['budget']}: {result['runs']} runs, {result['seconds']:.0f} s, "
        f"{result['hardware']}, {result['threads']} thread per run, torch {torch}"
    )


def section(results: Sequence[Mapping[str, Any]]) -> str:
    """The README's region: the table of all claims, then where the numbers come from."""
    rows = [row for result in results for row in result["rows"]]
    return "\n".join([claims_table(rows), "", *(f"- {provenance(result)}" for result in results)])


def rewrite(readme: str, name: str, content: str) -> str:
    """`readme` with its region of that name replaced. Raises ValueError when it has no such region."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    region = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not region.search(readme):
        raise ValueError(f"README must contain {start} and {end} in this order; got neither or one; add both lines")
    return region.sub(lambda _: f"{start}\n{content}\n{end}", readme, count=1)


def main(paths: Sequence[str], readme: Path = README) -> None:
    """Rewrite the tables of `readme` from the files at `paths`: results of recipes, and arrays of benchmarks."""
    contents = [read_json(Path(path)) for path in paths]
    results = sorted(
        (c for c in contents if isinstance(c, dict)), key=lambda result: list(MODULES).index(result["recipe"])
    )
    measured = [row for content in contents if isinstance(content, list) for row in content]
    text = readme.read_text(encoding="utf-8")
    text = rewrite(text, "claims", section(results)) if results else text
    text = rewrite(text, "benchmarks", benchmarks_table(measured)) if measured else text
    write_atomic(readme, text.encode())


def _table(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    every = [header, ("---",) * len(header), *lines]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in every)


def _cell(value: Any) -> str:
    """Text inside a table: a bar would end the cell, a line break the row."""
    return " ".join(str(value).split()).replace("|", "\\|")


if __name__ == "__main__":
    main(sys.argv[1:])
