"""config.json of a saved model: what was gated and how, and the checksums of the tensor files beside it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cattrs
from torch import Tensor

from rewire.errors import choice
from rewire.files import read_json, read_tensors
from rewire.gates.switches import SWITCHES, Switch

FORMAT, VERSION = "rewire gates", 1
MANIFEST = "config.json"


@dataclass(frozen=True)
class Entry:
    """One gated tensor. `same_as` names the tensor it is tied to, whose scores serve both."""

    switch: dict[str, Any]
    shape: list[int]
    dtype: str
    trained: bool
    same_as: str | None = None


@dataclass(frozen=True)
class File:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    format: str
    version: int
    tasks: list[str]
    gates: dict[str, Entry]
    values: File
    task_files: dict[str, File]


_converter = cattrs.Converter(forbid_extra_keys=True)


def switch_record(switch: Switch) -> dict[str, Any]:
    """A switch as JSON: its class name and its fields."""
    return {"name": type(switch).__name__} | {f.name: getattr(switch, f.name) for f in fields(switch)}  # type: ignore[arg-type]


def switch_from(record: Mapping[str, Any]) -> Switch:
    known = {kind.__name__: kind for kind in SWITCHES}
    if record.get("name") not in known:
        raise choice(
            "switch", known, record.get("name"), "register a switch of your own in rewire.gates.switches.SWITCHES"
        )
    options = {key: value for key, value in record.items() if key != "name"}
    return known[record["name"]](**options)


def to_json(manifest: Manifest) -> dict[str, Any]:
    return _converter.unstructure(manifest)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a saved model. Raises ValueError for a foreign, older, newer or damaged one."""
    path = Path(directory) / MANIFEST
    if not path.is_file():
        raise ValueError(f"directory must hold {MANIFEST}, as rewire.save writes it; got {directory}")
    raw = read_json(path)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(
            f"{path} must be of format {FORMAT!r}; got {raw.get('format') if isinstance(raw, dict) else raw!r}"
        )
    if raw.get("version") != VERSION:
        raise ValueError(
            f"{path} must be of version {VERSION}; got {raw.get('version')!r}: use the rewire that wrote it"
        )
    try:
        manifest = _converter.structure(raw, Manifest)
        for entry in manifest.gates.values():
            switch_from(entry.switch)
    except (cattrs.BaseValidationError, TypeError, ValueError, KeyError) as error:
        reason = "; ".join(cattrs.transform_error(error)) if isinstance(error, cattrs.BaseValidationError) else error
        raise ValueError(f"{path} must list the fields that rewire.save writes; got: {reason}") from None
    if set(manifest.task_files) != set(manifest.tasks):
        raise ValueError(f"{path} must name a file for each task {manifest.tasks}; got {sorted(manifest.task_files)}")
    return manifest


def describe_file(content: bytes, stem: str) -> File:
    """A file's entry; its name carries its checksum, so that a new save never overwrites what an old manifest names."""
    digest = hashlib.sha256(content).hexdigest()
    return File(f"{stem}-{digest[:12]}.safetensors", len(content), digest)


def read_checked(directory: Path, file: File) -> dict[str, Tensor]:
    """The tensors of a file whose size and checksum are as the manifest says; ValueError otherwise."""
    path = Path(directory) / file.name
    if Path(file.name).name != file.name or not path.is_file():
        raise ValueError(f"{path} must be there, since {MANIFEST} names it; got nothing: restore it or save again")
    content = path.read_bytes()
    if len(content) != file.bytes:
        raise ValueError(f"{path} must be {file.bytes} bytes; got {len(content)}: it is truncated or another save's")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"{path} must have SHA-256 {file.sha256[:12]}…; it was changed after it was saved")
    return read_tensors(path)[0]
