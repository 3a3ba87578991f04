"""The options of each command, as the command line reads them: fields are options, the text below each is its help."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg, subcommand

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
    seeds: Annotated[tuple[str, ...], arg(metavar="N...", help_behavior_hint=DEFAULT("the recipe's own"))] = ()
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
    """Density, overlap and bits per weight of what `rewire.save` wrote."""

    path: Annotated[Positional[Path], arg(metavar="PATH")]
    """the folder"""


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
