"""The networks of the papers; bring your own for everything else."""

from rewire.models.lenet import LeNet5
from rewire.models.mlp import MLP
from rewire.models.separate import Separate

__all__ = ["MLP", "LeNet5", "Separate"]
