"""What an experiment is: stages of configs and seeds, one function that runs a config, and the claims it tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.experiments.claim import Claim
from rewire.runs import JsonLines, Records

if TYPE_CHECKING:
    from rewire.figures import Figure

BUDGETS = ("quick", "full")


@dataclass(frozen=True)
class Stage:
    """One config, run once per seed; its records carry `label`.

    Attributes:
        label: what claims and figures call it; unique within the recipe and budget.
        config: a frozen dataclass of numbers, text, booleans, tuples of these and such dataclasses.
        seeds: one run each.
        exclusive: its timing is the result, so it runs alone on the machine.
    """

    label: str
    config: Any
    seeds: tuple[int, ...]
    exclusive: bool = False


@dataclass(frozen=True)
class Context:
    """What a recipe's `execute` gets besides its config.

    Attributes:
        seed: of every random stream of the run.
        directory: the run's own; checkpoints and artefacts go here.
        sink: takes the records; each one also moves the progress display. Those written after the training carry no
            "step" (see JsonLines.truncate).
        device: "cpu" or "cuda".
        data: the folder of datasets, or None for $REWIRE_DATA or a download.
        progress: shows what is not a record, such as {"step": 10, "steps": 500}; cheap enough to call at every step.
        checkpoint_every: seconds between checkpoints.
    """

    seed: int
    directory: Path
    sink: JsonLines
    device: str = "cpu"
    data: Path | None = None
    progress: Callable[[Mapping[str, Any]], None] = lambda state: None
    checkpoint_every: float = 30.0


@dataclass(frozen=True)
class Recipe:
    """An experiment of a document.

    Attributes:
        id: such as "light-switch/colours".
        document: such as "Like A Light Switch, Blum & Law 2020".
        figures: what it redraws, such as ("Fig 1",).
        summary: what it shows, in one line.
        claims: what the document says that its records can confirm or refute.
        stages: the runs of a budget ("quick" or "full", the paper's own protocol).
        execute: runs one config; a module-level function that imports torch inside, so that listing stays instant.
        cost: seconds of one CPU core per budget.
        draw: the figures, from the records and the recipe's folder of runs.
        reads: ids of recipes whose records its claims and figures see as well, as far as they are found done in the
            same folder at the same budget; their labels carry the id, as in "light-switch/colours:primaries gated".
        data: datasets its runs load, as `load_images` names them; they are checked before any run starts. Those that
            come with a dependency, such as "digits", need no mention.
    """

    id: str
    document: str
    figures: tuple[str, ...]
    summary: str
    claims: tuple[Claim, ...]
    stages: Callable[[str], tuple[Stage, ...]]
    execute: Callable[[Any, Context], None]
    cost: Mapping[str, float]
    draw: "Callable[[Records, Path], list[Figure]] | None" = None
    reads: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
