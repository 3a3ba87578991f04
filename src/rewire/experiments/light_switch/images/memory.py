"""Peak memory of colouring all images beforehand, as the paper did, and of colouring each batch when it is used.

`python -m rewire.experiments.light_switch.images.memory METHOD DATASET BATCH [DATA]` prints one JSON object: peaks are
of a process, so each way gets one of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rewire.experiments.light_switch.images.config import ImageConfig, MemoryConfig
from rewire.experiments.light_switch.images.resident import GIB, held_gib, peak_gib
from rewire.experiments.recipe import Context


def measure(config: MemoryConfig, context: Context) -> None:
    """Measure in a fresh process and record what it printed."""
    command = [sys.executable, "-m", __spec__.name, config.method, config.dataset, str(config.batch)]
    if context.data is not None:
        command.append(str(context.data))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the {config.method} memory measurement failed: {done.stderr.strip().splitlines()[-1:]}")
    context.sink.write({"memory": config.method} | json.loads(done.stdout))


def eager(dataset: str, batch: int, data: Path | None) -> dict[str, float]:
    """One task as the paper made it: every image resized and coloured in memory, then one pass over a large batch.

    The pass keeps its graph, as an evaluation without no_grad does; `pass_gib` is what it holds for `batch` images.
    """
    import torch

    from rewire.models import LeNet5
    from rewire.tasks import load_images, transforms

    torch.set_num_threads(1)
    images = load_images(dataset, data)
    raw = torch.cat([images.train.inputs, images.test.inputs])
    stack = transforms.colour(transforms.resize(transforms.unit(raw), 32), (1, 0, 0))
    colouring_peak, before = peak_gib(), held_gib()
    output = LeNet5(3)(stack[:batch])
    assert output.requires_grad  # and so the graph's tensors are held
    return {
        "stack_gib": stack.numel() * stack.element_size() / GIB,
        "colouring_peak_gib": colouring_peak,
        "pass_gib": held_gib() - before,
        "peak_gib": peak_gib(),
        "batch": min(batch, len(stack)),
        "images": len(stack),
    }


def lazy(dataset: str, data: Path | None) -> dict[str, float]:
    """A run of the colours recipe, shortened: three coloured tasks, trained and evaluated on the whole test set."""
    import torch

    from rewire.experiments.light_switch.images.runs import train
    from rewire.runs import JsonLines

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        context = Context(0, directory, JsonLines(directory / "metrics.jsonl"), data=data)
        train(ImageConfig(dataset=dataset, steps=20, evaluate_at=(20,), wiring=True), context)
    return {"peak_gib": peak_gib(), "tasks": 3}


def main(method: str, dataset: str, batch: str, data: str | None = None) -> None:
    folder = None if data is None else Path(data)
    print(json.dumps(eager(dataset, int(batch), folder) if method == "eager" else lazy(dataset, folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
