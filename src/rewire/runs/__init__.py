"""The run store: where a run lives, what it records, and how it survives being killed."""

from rewire.files import read_json, read_tensors, write_atomic, write_json, write_tensors
from rewire.runs.environment import capture, hardware, merged, resolve_device
from rewire.runs.lock import InUseError, locked
from rewire.runs.names import run_directory, run_name
from rewire.runs.records import JsonLines, Records, read_records
from rewire.runs.store import Run, check_config, open_run, run_environment, run_records, run_seconds, run_state

__all__ = [
    "InUseError",
    "JsonLines",
    "Records",
    "Run",
    "capture",
    "check_config",
    "hardware",
    "locked",
    "merged",
    "open_run",
    "read_json",
    "read_records",
    "read_tensors",
    "resolve_device",
    "run_directory",
    "run_environment",
    "run_name",
    "run_records",
    "run_seconds",
    "run_state",
    "write_atomic",
    "write_json",
    "write_tensors",
]
