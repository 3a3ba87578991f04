"""A small run on the bundled digits for the tests of the loop; as a script, for those that kill it."""

import signal
import sys
from pathlib import Path

import torch

import rewire
from rewire.models import MLP
from rewire.runs import JsonLines
from rewire.tasks import coloured, load_images
from rewire.training import Checkpoint, Streams, fit

STEPS = 24
COLOURS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0)}


def digit_tasks():
    return coloured(load_images("digits"), COLOURS, size=8)


def digit_model(streams: Streams, switch=None, convolution: bool = False) -> torch.nn.Module:
    with streams.initialising():
        first = [torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU()] if convolution else []
        model = torch.nn.Sequential(*first, MLP((8 if convolution else 3) * 64, 32, 10), torch.nn.Dropout(0.1))
    return rewire.gate(model, list(COLOURS), switch, generator=streams["masks"])


def train(directory: Path, checkpoint: Checkpoint | None, optimizer: str = "Adam", order: str = "epochs", **options):
    """Train in `directory`; returns the model, with metrics.jsonl beside its checkpoint."""
    streams = Streams(3)
    model = digit_model(streams, rewire.Sigmoid(std=0.1), convolution=options.get("channels_last", False))
    groups = rewire.param_groups(model, 1e-2)
    extra = {"SGD": {"momentum": 0.9}, "Adam": {"fused": True}}.get(optimizer, {})
    inner = getattr(torch.optim, optimizer)(groups, **extra)
    fit(
        model,
        digit_tasks(),
        inner,
        steps=options.pop("steps", STEPS),
        batch_size=32,
        streams=streams,
        scheduler=torch.optim.lr_scheduler.StepLR(inner, 10, 0.5),
        evaluate_at=range(0, 1000, 4),
        sink=JsonLines(directory / "metrics.jsonl"),
        checkpoint=checkpoint,
        order=order,
        **options,
    )
    return model


def die_at(step: int):
    """A measure that kills this process, as `kill -9` would, when the records of `step` are being written."""

    def measure(_: torch.nn.Module, now: int):
        if now == step:
            signal.raise_signal(signal.SIGKILL)
        return ()

    return measure


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(Path(sys.argv[1]), Checkpoint(Path(sys.argv[1]), seconds=0), measure=die_at(int(sys.argv[2])))
