"""One process per directory, and no lock outlives its process."""

import subprocess
import sys
import time

import pytest

from rewire.runs import InUseError, locked

HOLDER = """
import sys, time
from pathlib import Path
from rewire.runs import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_directory_in_use_is_refused_naming_the_process_and_freed_by_its_death(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InUseError, match=rf"held by process {holder.pid}; wait") as error, locked(tmp_path):
            pass
        assert "\n" not in str(error.value)
        holder.kill()
        holder.wait()
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
    with locked(tmp_path):  # and again after an ordinary release
        pass


def test_a_wait_outlives_a_short_holder(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout:
        holder.stdout.readline()
        start = time.monotonic()
        with pytest.raises(InUseError), locked(tmp_path, wait=0.2):
            pass
        assert time.monotonic() - start >= 0.2
        holder.kill()
        with locked(tmp_path, wait=5.0):
            holder.wait()
