"""config.json of a saved model: what was gated and how, and the checksums of the tensor files beside it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import cattrs
import torch
from torch import Tensor

from rewire.errors import choice
from rewire.files import read_json, tensors_from_bytes
from rewire.gates.bernoulli import Bernoulli
from rewire.gates.switches import Hard, Own, Sigmoid, Switch
from rewire.gates.topk import TopK

SWITCHES: tuple[type[Switch], ...] = (Sigmoid, Hard, Bernoulli, TopK, Own)
FORMAT, VERSION = "rewire gates", 1
MANIFEST = "config.json"


@dataclass(frozen=True)
class Entry:
    """One gated tensor. `same_as` names the tensor it is tied to, whose scores serve both.

    `stream` is how far the random stream of a switch that draws has come, flat.
    """

    switch: dict[str, Any]
    shape: list[int]
    dtype: str
    trained: bool
    same_as: str | None = None
    stream: list[int] | None = None


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


def _exactly(value: object, kind: type) -> Any:
    """cattrs would make "no" a true bool and null the text "None"."""
    if type(value) is not kind:
        raise TypeError(f"must be {kind.__name__}, not {type(value).__name__}")
    return value


def _list(value: object, kind: Any) -> list[Any]:
    return [_exactly(item, kind.__args__[0]) for item in _exactly(value, list)]


for _kind in (str, int, bool):
    _converter.register_structure_hook(_kind, _exactly)
_converter.register_structure_hook_func(lambda kind: kind in (list[str], list[int]), _list)


def switch_record(switch: Switch) -> dict[str, Any]:
    """A switch as JSON: its class name and its fields."""
    if not is_dataclass(switch):
        raise TypeError(f"switch must be a dataclass to be saved, its fields being what is written; got {switch!r}")
    return {"name": type(switch).__name__} | {field.name: getattr(switch, field.name) for field in fields(switch)}


def switch_from(record: Mapping[str, Any]) -> Switch:
    """The switch that a record stands for. Raises ValueError for one that this library does not have."""
    known = {kind.__name__: kind for kind in SWITCHES}
    if record.get("name") not in list(known):  # by equality: what was changed by hand may be anything
        raise choice("switch", known, record.get("name"), "gate a model with a switch of your own first, then load")
    try:
        return known[record["name"]](**{key: value for key, value in record.items() if key != "name"})
    except (TypeError, OverflowError):
        raise ValueError(f"switch must have the fields of {record['name']}; got {dict(record)}") from None


def to_json(manifest: Manifest) -> dict[str, Any]:
    return _converter.unstructure(manifest)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a saved model. Raises ValueError for a foreign, older, newer or damaged one."""
    path = directory / MANIFEST
    if not path.is_file():
        raise ValueError(f"directory must hold {MANIFEST}, as rewire.save writes it; got {str(directory)!r}")
    raw = read_json(path)
    found = raw if isinstance(raw, dict) else {}
    if found.get("format") != FORMAT:
        raise ValueError(f"{path} must be of format {FORMAT!r}; got {found.get('format')!r}: it is another program's")
    if found.get("version") != VERSION:
        raise ValueError(f"{path} must be of version {VERSION}; got {found.get('version')!r}: use the rewire of then")
    try:
        manifest = _converter.structure(raw, Manifest)
    except cattrs.BaseValidationError as error:
        reason = "; ".join(cattrs.transform_error(error))
        raise ValueError(f"{path} must list the fields that rewire.save writes; got: {reason}") from None
    _check(manifest, path)
    return manifest


def _check(manifest: Manifest, path: Path) -> None:
    if not manifest.gates or not manifest.tasks or set(manifest.task_files) != set(manifest.tasks):
        raise ValueError(f"{path} must list gates and a file for each task {manifest.tasks}; it was changed by hand")
    if len(set(manifest.tasks)) < len(manifest.tasks):
        raise ValueError(f"{path} must list distinct tasks; got {manifest.tasks}: it was changed by hand")
    for name, entry in manifest.gates.items():
        if not isinstance(getattr(torch, entry.dtype, None), torch.dtype) or "name" not in entry.switch:
            raise ValueError(f"{path} must give a dtype and a switch for {name!r}; got {entry.dtype}, {entry.switch}")
        if any(size < 0 for size in entry.shape):
            raise ValueError(f"{path} must give the shape of {name!r}; got {entry.shape}: it was changed by hand")
        if entry.stream is not None and (len(entry.stream) != 4 or not all(0 <= n < 2**63 for n in entry.stream)):
            raise ValueError(f"{path} must give 4 whole numbers for the stream of {name!r}; it was changed by hand")
        if entry.same_as is not None and entry.same_as not in manifest.gates:
            raise ValueError(f"{path} must list {entry.same_as!r}, which {name!r} is tied to; it was changed by hand")


def describe_file(content: bytes, stem: str) -> File:
    """A file's entry; its checksum is in its name, so that a new save never overwrites what an old manifest names."""
    digest = hashlib.sha256(content).hexdigest()
    return File(f"{stem}-{digest[:12]}.safetensors", len(content), digest)


def is_ours(path: Path) -> bool:
    """Whether a file is called as `describe_file` calls one."""
    return re.fullmatch(r"(values|task-\d+)-[0-9a-f]{12}\.safetensors", path.name) is not None


def read_checked(directory: Path, file: File) -> dict[str, Tensor]:
    """The tensors of a file whose size and checksum are as the manifest says; ValueError otherwise."""
    path = directory / file.name
    if not is_ours(Path(file.name)) or Path(file.name).name != file.name:
        raise ValueError(f"{MANIFEST} must name files of its own folder; got {file.name!r}: it was changed by hand")
    if not path.is_file():
        raise ValueError(f"{path} must be there, since {MANIFEST} names it; got nothing: restore it or save again")
    content = path.read_bytes()
    if len(content) != file.bytes:
        raise ValueError(f"{path} must be {file.bytes} bytes; got {len(content)}: it is truncated or another save's")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"{path} must have SHA-256 {file.sha256[:12]}…; it was changed after it was saved")
    return tensors_from_bytes(content, path)
