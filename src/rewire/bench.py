"""Find and run the benchmarks of a checkout: ratios of ours to a reference, measured interleaved in one process."""

import statistics
import time
from collections.abc import Callable, Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from rewire.errors import choice

FOLDER = Path(__file__).parents[2] / "benchmarks"
Benchmark = Callable[[], dict[str, Any]]


def benchmarks(folder: Path = FOLDER) -> dict[str, Benchmark]:
    """The benchmarks of `folder`: each of its modules exposes BENCHMARKS, a dict of name → function returning a row.

    Raises ValueError outside a checkout: the installed package leaves the benchmarks out.
    """
    if not folder.is_dir():
        raise ValueError(
            f"benchmarks must be run from a checkout of the source; got no folder {folder}; clone it and `make bench`"
        )
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {name: function for path in paths for name, function in _load(path).items()}


def run(names: Iterable[str] = (), folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Run the named benchmarks (all by default), one torch thread; a row each: name, ours, reference, ratio, unit, ….

    Raises ValueError, with the nearest name, for an unknown one.
    """
    found = benchmarks(folder)
    wanted = list(names) or list(found)
    for name in wanted:
        if name not in found:
            raise choice("benchmark", found, name)
    import torch

    from rewire.runs import capture, hardware
    from rewire.training.denormals import flushed

    torch.set_num_threads(1)
    machine = {"hardware": hardware(capture("cpu", threads=1)), "torch": torch.__version__}
    with flushed():  # hundreds of steps on one batch make numbers that small of Adam's moments, plain and gated alike
        return [{"name": name, **found[name](), **machine} for name in wanted]


def interleave(
    ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 60, repeats: int = 4
) -> dict[str, Any]:
    """Time both in turn, so that a machine's drift hits them alike: medians in milliseconds, median ratio of rounds.

    Each round calls each function `repeats` times after one call that is not counted; the order alternates.
    """
    import torch

    pair, seconds = (ours, reference), ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            pair[which]()
            start = time.perf_counter()
            for _ in range(repeats):
                pair[which]()
            seconds[which].append((time.perf_counter() - start) / repeats)
    warm = slice(rounds // 10, None)
    ratios = [a / b for a, b in zip(seconds[0][warm], seconds[1][warm], strict=True)]
    mine, theirs = (1000 * statistics.median(times[warm]) for times in seconds)
    row = {"ours": round(mine, 4), "reference": round(theirs, 4), "ratio": round(statistics.median(ratios), 3)}
    return row | {"unit": "ms", "threads": torch.get_num_threads(), "rounds": rounds}


def _load(path: Path) -> dict[str, Benchmark]:
    spec = spec_from_file_location(f"rewire_benchmarks_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, "BENCHMARKS", {})
