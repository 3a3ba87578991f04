"""What stands behind a number: versions, hardware, threads, and the commit."""

import ctypes
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rewire.errors import choice

PACKAGES = ("rewire", "torch", "numpy")
DEVICES = ("auto", "cpu", "cuda")


def capture(device: str = "cpu", threads: int = 1) -> dict[str, Any]:
    """Describe this machine and these versions. Imports torch only to name the GPU, when `device` is a CUDA one."""
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": cores(),
        "threads": threads,
        "device": device,
        "gpu": _gpu(device),
        "commit": _commit(Path(__file__).parent),
    }


def merged(environments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One description of several: what they agree on as it is, otherwise the different values, as "2.13.0; 2.14.0".

    >>> merged([{"torch": "2.13.0", "cores": 2}, {"torch": "2.14.0", "cores": 2}])
    {'torch': '2.13.0; 2.14.0', 'cores': 2}
    """
    found: dict[str, dict[str, Any]] = {}
    for environment in environments:
        for name, value in environment.items():
            if value is not None:
                parts = value.split("; ") if isinstance(value, str) else [value]
                found.setdefault(name, {}).update({str(part): part for part in parts})
    return {name: "; ".join(seen) if len(seen) > 1 else next(iter(seen.values())) for name, seen in found.items()}


def hardware(environment: dict[str, Any]) -> str:
    """One line for reports, such as "AMD EPYC 7763, 2 cores" or "…, NVIDIA H200"."""
    count = environment.get("cores")
    parts = (environment.get("cpu"), count and f"{count} cores", environment.get("gpu"))
    return ", ".join(part for part in parts if part)


def resolve_device(name: str) -> str:
    """Resolve "auto", "cpu" or "cuda" to "cpu" or "cuda". Raises ValueError for another name, or without a GPU."""
    if name not in DEVICES:
        raise choice("device", DEVICES, name)
    # Importing torch takes seconds and memory, so it is asked only where an NVIDIA driver says that it pays.
    if name == "cpu" or (name == "auto" and not _has_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if name == "cuda":
        raise ValueError(
            "device must be 'auto' or 'cpu' on a machine without a usable GPU; got 'cuda'; "
            "drop --device, or install a driver and a CUDA build of torch"
        )
    return "cpu"


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def cores() -> int:
    """How many cores this process may use (a container's share, not the machine's total)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _gpu(device: str) -> str | None:
    if not device.startswith("cuda"):
        return None
    import torch

    return torch.cuda.get_device_name(device)


def _commit(folder: Path) -> str | None:
    """The checkout's commit, with "+changes" when files differ; None for an installed package or without git."""
    git = ["git", "-C", str(folder)]
    try:
        # An installed copy may sit inside somebody else's repository: only a tracked source file is a checkout of ours.
        subprocess.run([*git, "ls-files", "--error-unmatch", __file__], check=True, capture_output=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        changes = subprocess.run([*git, "status", "--porcelain", "--", "."], capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+changes" if changes else "")
