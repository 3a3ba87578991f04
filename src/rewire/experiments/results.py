"""Claims as the README's table: `python -m rewire.experiments.results results/*.json` rewrites it."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewire.files import read_json, write_atomic

README = Path("README.md")
START, END = "<!-- claims -->", "<!-- /claims -->"
HEADER = ("claim", "the paper says", "paper", "ours", "n", "verdict", "budget")


def claims_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of `rewire run` as a Markdown table: the paper's number beside ours (mean ± std), n, verdict, budget."""
    lines = [HEADER, ("---",) * len(HEADER)]
    lines += [
        (row["claim"], row["statement"], row["paper"], number(row), row["n"], row["verdict"], row["budget"])
        for row in rows
    ]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


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


def rewrite(readme: str, content: str) -> str:
    """`readme` with the region between the markers replaced. Raises ValueError when it has no such region."""
    region = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not region.search(readme):
        raise ValueError(f"README must contain {START} and {END} in this order; got neither or one; add both lines")
    return region.sub(lambda _: f"{START}\n{content}\n{END}", readme, count=1)


def main(paths: Sequence[str], readme: Path = README) -> None:
    """Rewrite the claims table of `readme` from the results files at `paths`, in this order."""
    content = section([read_json(Path(path)) for path in paths])
    write_atomic(readme, rewrite(readme.read_text(encoding="utf-8"), content).encode())


def _cell(value: Any) -> str:
    """Text inside a table: a bar would end the cell, a line break the row."""
    return " ".join(str(value).split()).replace("|", "\\|")


if __name__ == "__main__":
    main(sys.argv[1:])
