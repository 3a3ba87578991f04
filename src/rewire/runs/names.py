"""A run's identity: what its config changes from the defaults, readable, with a hash to keep any two apart."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

LONGEST = 80  # characters of the readable part; file systems stop at 255 bytes and people sooner


def run_directory(out: Path, recipe: str, config: Any, seed: int) -> Path:
    """Where a run lives: `<out>/<recipe>/<run name>/seed<k>`."""
    return Path(out) / recipe / run_name(config) / f"seed{seed}"


def run_name(config: Any) -> str:
    """Name a frozen dataclass by its non-default fields and a hash of them, such as "model=separate,lr=0.01-1a2b3c".

    A field that is added later with a default changes no name, so old runs stay found.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Config:
    ...     model: str = "gated"
    ...     lr: float = 1e-3
    >>> run_name(Config()), run_name(Config(lr=0.1))
    ('default-44136f', 'lr=0.1-9c9ba9')
    """
    changed = dict(_changed(config))
    digest = hashlib.sha256(json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    readable = ",".join(f"{name}={_text(value)}" for name, value in changed.items())[:LONGEST]
    return f"{readable or 'default'}-{digest[:6]}"


def _changed(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted field name, JSON value) of every field that differs from its default."""
    for item in fields(config):
        value = getattr(config, item.name)
        if value == _default(item):
            continue
        if is_dataclass(value):
            yield f"{prefix}{item.name}", type(value).__name__
            yield from _changed(value, f"{prefix}{item.name}.")
        else:
            yield f"{prefix}{item.name}", _json(value, item)


def _default(item: "Field[Any]") -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def _json(value: Any, item: "Field[Any]") -> Any:
    """The value as JSON; 1 in a float field is 1.0, so that it hashes the same however it was typed."""
    if item.type is float and isinstance(value, int):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    text = "+".join(map(str, value)) if isinstance(value, list) else str(value)
    return re.sub(r"[^\w.+-]", "_", text)
