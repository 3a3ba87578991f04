"""How the runs of a recipe were set: the options they share, the options in which they differ, and which finished."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewire.files import read_json
from rewire.runs import run_state
from rewire.runs.store import CONFIG, ENVIRONMENT


@dataclass
class Variant:
    """The runs of one config: the folder's name, what figures call it, what sets it apart, its seeds by state."""

    name: str
    label: str
    config: dict[str, Any]
    differs: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """The options all variants share, the variants, the distinct environments of the runs, and what was unreadable."""

    common: dict[str, Any]
    variants: list[Variant]
    environments: list[dict[str, Any]]
    notes: list[str]


def read_settings(folder: Path, labels: Mapping[str, str] | None = None) -> Settings:
    """Read <folder>/<run>/seed<k>/{config,env}.json; a damaged file becomes a note.

    `labels` maps run names to what figures call them; runs that it lacks (of another budget, say) are left out.
    """
    variants: dict[str, Variant] = {}
    environments: list[dict[str, Any]] = []
    notes: list[str] = []
    for directory in sorted((path.parent for path in folder.glob(f"*/seed*/{CONFIG}")), key=_order):
        name = directory.parent.name
        if labels is not None and name not in labels:
            continue
        config = _mapping(directory / CONFIG, notes)
        environment = _mapping(directory / ENVIRONMENT, notes) if (directory / ENVIRONMENT).exists() else {}
        variant = variants.setdefault(name, Variant(name, (labels or {}).get(name, ""), config))
        variant.seeds.setdefault(run_state(directory), []).append(_order(directory)[1])
        if environment and environment not in environments:
            environments.append(environment)
    common = shared([variant.config for variant in variants.values()])
    for variant in variants.values():
        variant.differs = {key: value for key, value in variant.config.items() if key not in common}
    return Settings(common, list(variants.values()), environments, notes)


def shared(configs: list[dict[str, Any]]) -> dict[str, Any]:
    """The options that have the same value in all configs.

    >>> shared([{"lr": 0.1, "model": "gated"}, {"lr": 0.1, "model": "plain"}])
    {'lr': 0.1}
    """
    first, *others = configs or [{}]
    return {key: value for key, value in first.items() if all(key in c and c[key] == value for c in others)}


def ranges(numbers: list[int]) -> str:
    """Seeds in few characters.

    >>> ranges([0, 1, 2, 5]), ranges([3])
    ('0–2, 5', '3')
    """
    runs: list[list[int]] = []
    for n in sorted(numbers):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _order(directory: Path) -> tuple[str, int]:
    """Runs by name, then by the number of the seed (seed10 after seed9)."""
    digits = directory.name.removeprefix("seed")
    return directory.parent.name, int(digits) if digits.isdigit() else -1


def _mapping(path: Path, notes: list[str]) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        content = None
    if isinstance(content, Mapping):
        return dict(content)
    notes.append(f"{'/'.join(path.parts[-3:])} cannot be read, so its settings are not shown")
    return {}
