"""Training: one loop for every model, with exact resume."""

from rewire.training.checkpoint import Checkpoint
from rewire.training.evaluate import evaluate
from rewire.training.fit import NonFiniteLoss, fit
from rewire.training.streams import Streams, derive

__all__ = ["Checkpoint", "NonFiniteLoss", "Streams", "derive", "evaluate", "fit"]
