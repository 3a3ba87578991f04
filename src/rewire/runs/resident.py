"""The memory that this process has resident: its peak, and what it holds now."""

import sys
from pathlib import Path

GIB = 2**30


def peak_gib() -> float:
    """The most memory this process has had resident, in GiB.

    Linux counts in `ru_maxrss` what the parent held when it started us; VmHWM is ours alone.
    """
    return _status("VmHWM") or _maximum()


def held_gib() -> float:
    """The memory this process has resident now, in GiB; its peak where the system does not tell."""
    return _status("VmRSS") or _maximum()


def _status(field: str) -> float | None:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 / GIB for line in lines if line.startswith(field)), None)


def _maximum() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / GIB
