"""The options of each command, and how words become them: fields are options, the text below each is its help."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional, arg, subcommand

from rewire.errors import choice

DEFAULT = "(default: {})".format


@dataclass(frozen=True)
class List:
    """Recipes: id, document and figures, what each shows, its claims, and seconds per budget."""

    json: bool = False
    """print a JSON array instead of a table"""


@dataclass(frozen=True)
class Run:
    """Run recipes, then judge their claims. Finished runs are not repeated; interrupted ones resume."""

    ids: Annotated[Positional[tuple[str, ...]], arg(metavar="ID...", help_behavior_hint="")] = ()
    """recipes: ids, groups (light-switch) or globs ('light-switch/s*')"""
    budget: Annotated[str, arg(metavar="quick|full")] = "quick"
    """full is the paper's own protocol, quick is honest but small"""
    seeds: Annotated[tuple[str, ...] | None, arg(metavar="N...", help_behavior_hint=DEFAULT("the recipe's own"))] = None
    """seeds to run"""
    device: Annotated[str, arg(metavar="auto|cpu|cuda")] = "auto"
    """where to compute; auto takes the GPU if there is one"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=DEFAULT("$REWIRE_DATA, or a download"))] = None
    """folder with mnist/, fashion-mnist/, cifar-10-batches-bin/"""
    out: Annotated[Path, arg(metavar="DIR")] = Path("runs")
    """where runs and results go"""
    jobs: Annotated[str | None, arg(metavar="N", help_behavior_hint=DEFAULT("one per core; 1 on a GPU"))] = None
    """worker processes, of one torch thread each"""
    dry_run: bool = False
    """print configs, directories, what is done and pending, and the cost; run nothing"""
    json: bool = False
    """print the claims as a JSON array, and nothing else, on stdout"""


@dataclass(frozen=True)
class Report:
    """Write one self-contained HTML page, with the figures' files beside it."""

    runs: Annotated[Positional[Path], arg(metavar="RUNS")] = Path("runs")
    """what `rewire run` wrote"""
    out: Annotated[Path, arg(metavar="FILE")] = Path("report.html")
    """the page"""


@dataclass(frozen=True)
class Inspect:
    """Density, overlap and bits per weight of what `rewire.save` or `rewire.masks.save_mask` wrote."""

    path: Annotated[Positional[Path], arg(metavar="PATH")]
    """the folder or file"""


@dataclass(frozen=True)
class Bench:
    """Speed and size ratios: ours and the reference, interleaved in one process. Needs a checkout."""

    names: Annotated[Positional[tuple[str, ...]], arg(metavar="NAME...", help_behavior_hint=DEFAULT("all"))] = ()
    """benchmarks to run"""
    json: bool = False
    """print a JSON array instead of a table"""


COMMANDS = {"list": List, "run": Run, "report": Report, "inspect": Inspect, "bench": Bench}
Command = (
    Annotated[List, subcommand("list")]
    | Annotated[Run, subcommand("run")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Inspect, subcommand("inspect")]
    | Annotated[Bench, subcommand("bench")]
)
POSITIONAL = {"ids", "names", "path", "runs"}


def parse(words: Sequence[str]) -> Any:
    """The command's options. Raises ValueError, in one line, for what cannot be understood; exits for --help."""
    if words[0] not in (*COMMANDS, "-h", "--help"):
        raise choice("command", COMMANDS, words[0], "`rewire --help` explains them")
    complaint = io.StringIO()
    try:
        with redirect_stderr(complaint):
            options, unknown = tyro.cli(
                Command,
                prog="rewire",
                description="Train a network's wiring: which weights are on, for which task, and where each one sits.",
                args=words,
                return_unknown_args=True,
                config=(FlagCreatePairsOff, OmitArgPrefixes),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise ValueError(f"{_unboxed(complaint.getvalue())} (`rewire {words[0]} --help` explains)") from None
    if unknown:
        raise _unknown(words[0], options, unknown[0].partition("=")[0])
    return options


def _unknown(command: str, options: Any, word: str) -> ValueError:
    names = [item.name for item in fields(options)]
    if word.startswith("-"):
        flags = [f"--{name.replace('_', '-')}" for name in names if name not in POSITIONAL]
        return choice(f"option of `rewire {command}`", flags, word)
    takes = "one" if POSITIONAL.intersection(names) else "no"
    return ValueError(f"`rewire {command}` takes {takes} argument without an option; got {word!r}; leave it out")


def _unboxed(complaint: str) -> str:
    """The words of a boxed, many-line message of tyro's, up to its first rule."""
    lines = [line.strip("│ ") for line in complaint.splitlines()[1:]]
    return " ".join(takewhile(lambda line: line.strip("─╰╯"), lines))
