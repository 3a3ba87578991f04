"""What every test shares: one torch thread, and the real data when the machine has it."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no bug
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # two threads on a busy 2-core machine can be 20 times slower than one


@pytest.fixture(scope="session")
def data() -> Path:
    """The directory of real datasets, or a skip that says how to run the test."""
    directory = os.environ.get("REWIRE_DATA")
    if not directory:
        pytest.skip("needs real data: set REWIRE_DATA to a directory with mnist/ and fashion-mnist/")
    return Path(directory)
