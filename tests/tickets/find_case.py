"""A small search for the tests of `find`; as a script, for those that kill it."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from rewire.tickets import Found, Phase, find

STEPS, SAVE_EVERY = 12, 4


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = [nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.2), nn.Linear(12, 4)]
    return nn.Sequential(*layers)


class Trainer:
    """A user's training function: momentum, a schedule, a shuffled order, dropout, and a checkpoint of its own.

    Data order and dropout come from torch's global stream. `die` is called with what is about to happen.
    """

    def __init__(self, die: Callable[[str], None] = lambda place: None, checkpoint: bool = True) -> None:
        self.die, self.checkpoint, self.phases, self.batches = die, checkpoint, [], []

    def __call__(self, model: nn.Module, phase: Phase) -> dict[str, float]:
        self.phases.append(phase)
        x, y = torch.randn(64, 8, generator=torch.Generator().manual_seed(5)), torch.arange(64) % 4
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 / (1 + phase.start + i))
        path = phase.directory / "mine.pt" if phase.directory and self.checkpoint else None
        step, loss = phase.start, torch.zeros(())
        if path and path.exists():
            saved = torch.load(path)
            step, loss = saved["step"], saved["loss"]
            for part, state in zip((model, optimizer, schedule), saved["parts"]):
                part.load_state_dict(state)
            torch.set_rng_state(saved["stream"])
        model.train()
        while step < (STEPS if phase.stop is None else phase.stop):
            self.die(f"level {phase.level} step {step}")
            batch = torch.randint(64, (16,))
            self.batches.append((phase.level, step, batch.tolist()))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            if path and step % SAVE_EVERY == 0:
                parts = [part.state_dict() for part in (model, optimizer, schedule)]
                content = {"step": step, "loss": loss.detach(), "parts": parts, "stream": torch.get_rng_state()}
                torch.save(content, path.with_suffix(".new"))
                path.with_suffix(".new").rename(path)
        return {"loss": loss.item()}


def search(directory: Path | None, trainer: Trainer | None = None, **options) -> tuple[Found, nn.Module]:
    model = network()
    generator = torch.Generator().manual_seed(3)
    options = {"levels": 3, "keep": 0.5, "rewind": 3, "generator": generator, "directory": directory} | options
    return find(model, trainer or Trainer(), **options), model


def at(wanted: str, stop: Callable[[], None]) -> Callable[[str], None]:
    """What a trainer calls: stops at one place."""
    return lambda place: stop() if place == wanted else None


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


def at_file(number: int, stop: Callable[[], None]) -> Callable[[Path, Path], Path]:
    """What takes the place of Path.replace: stops just before (even numbers) or after (odd) a file is in its place."""
    rename, count = Path.replace, 0

    def replace(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if 2 * count == number:
            stop()
        moved = rename(self, target)
        if 2 * count + 1 == number:
            stop()
        return moved

    return replace


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[2].startswith("file"):
        Path.replace = at_file(int(sys.argv[2].split()[1]), kill)  # type: ignore[method-assign]
    search(Path(sys.argv[1]), Trainer(at(sys.argv[2], kill)))
