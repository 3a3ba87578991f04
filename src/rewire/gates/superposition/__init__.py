"""Many tasks in one frozen network: a bit per weight and task, and the task told from unlabelled inputs."""

from rewire.gates.superposition.bank import Bank
from rewire.gates.superposition.storage import load_superposition, save_superposition
from rewire.gates.superposition.superposition import Superposition

__all__ = ["Bank", "Superposition", "load_superposition", "save_superposition"]
