"""A recipe without torch: a "training" of random numbers that checkpoints, resumes, and fails on request."""

import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from rewire.experiments import Claim, Context, Outcome, Recipe, Stage, registry, summarise
from rewire.runs import Records, read_json, write_json


@dataclass(frozen=True)
class Config:
    steps: int = 12
    delay: float = 0.0
    trouble: str = ""


def execute(config: Config, context: Context) -> None:
    """Write one random loss per step; a checkpoint every 5 steps and on Ctrl-C."""
    path = context.directory / "checkpoint.json"
    generator = random.Random(context.seed)
    saved = {"step": 0, "state": generator.getstate()}
    if path.exists():
        saved = read_json(path)
        version, numbers, gauss = saved["state"]
        generator.setstate((version, tuple(numbers), gauss))
        context.sink.truncate(saved["step"])
    try:
        for step in range(saved["step"] + 1, config.steps + 1):
            context.sink.write({"step": step, "loss": generator.random()})
            saved = {"step": step, "state": generator.getstate()}
            if step % 5 == 0:
                write_json(path, saved)
            time.sleep(config.delay)
            if step == 7:
                cause(config.trouble)
    except KeyboardInterrupt:
        write_json(path, saved)
        raise


def cause(trouble: str) -> None:
    if trouble == "nan":
        raise RuntimeError("loss must be finite; got nan at step 7 of task 'red'")
    if trouble == "data":
        raise ValueError("mnist/train-images must have magic 2051; got 7; download it again")
    if trouble == "bug":
        raise KeyError("accuracy")
    if trouble == "death":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "full":
        Path("/dev/full").write_bytes(b"x")


def last_losses(records: Records) -> Outcome | None:
    return summarise(records.where(label="calm", step=12).values("loss"), holds=True)


def recipe(name: str, *stages: Stage, claims: tuple[Claim, ...] = ()) -> Recipe:
    measured = Claim("F-1", "the loss falls", "0.5", "Fig 1", last_losses)
    return Recipe(
        id=f"fake/{name}",
        document="Fakes, Nobody 2020",
        figures=("Fig 1",),
        summary="random losses",
        claims=claims or (measured,),
        stages=lambda budget: stages,
        execute=execute,
        cost={"quick": 1, "full": 60},
    )


def calm(**changes: object) -> Stage:
    return Stage("calm", Config(**changes), seeds=(0, 1))


def troubled(trouble: str) -> Stage:
    return Stage(trouble, Config(trouble=trouble), seeds=(0,))


def register(monkeypatch: pytest.MonkeyPatch, *recipes: Recipe) -> None:
    """Make these the only recipes."""
    for fake in recipes:
        monkeypatch.setitem(sys.modules, fake.id, SimpleNamespace(RECIPE=fake))
    monkeypatch.setattr(registry, "MODULES", {fake.id: fake.id for fake in recipes})


RECIPE = recipe("slow", calm(steps=25, delay=0.04))


def main() -> int:
    """The real command line with RECIPE, for tests that kill it."""
    from rewire.cli import main

    registry.MODULES = {RECIPE.id: "fake_recipe"}
    return main()


if __name__ == "__main__":
    sys.exit(main())
