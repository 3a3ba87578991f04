"""Peak memory of colouring all images beforehand, as the paper did, and of colouring each batch when it is used.

`python -m rewire.experiments.light_switch.images.memory METHOD DATASET BATCH [DATA]` prints one JSON object: peaks,
or what went wrong (then with exit status 1). Peaks are of a process, so each way gets one of its own.
"""

import json
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from rewire.experiments.light_switch.images.config import ImageConfig, MemoryConfig
from rewire.experiments.recipe import Context
from rewire.experiments.worker import one_line
from rewire.runs.resident import GIB, held_gib, peak_gib

# The kinds of error that the process can hand on, the particular before the general; any other is a RuntimeError.
KINDS = {kind.__name__: kind for kind in (FileNotFoundError, ConnectionError, OSError, ValueError)}


def measure(config: MemoryConfig, context: Context) -> None:
    """Measure in a fresh process and record what it printed. Raises what went wrong there, as if it had been here."""
    command = [sys.executable, "-m", __spec__.name, config.method, config.dataset, str(config.batch)]
    if context.data is not None:
        command.append(str(context.data))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise failure(config.method, done)
    context.sink.write({"memory": config.method} | json.loads(done.stdout))


def failure(method: str, done: subprocess.CompletedProcess[str]) -> Exception:
    """The error of a process that failed: of its own kind, in its own words, with its traceback as a note."""
    if done.returncode == 1 and done.stdout:
        told = json.loads(done.stdout)
        error = KINDS.get(told["kind"], RuntimeError)(told["message"])
    else:
        error = RuntimeError(
            f"the {method} memory measurement ended with status {done.returncode} before it could say why; "
            "if memory ran out, give it more and run the same command again"
        )
    error.add_note(done.stderr)
    return error


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


def main(method: str, dataset: str, batch: str, data: str | None = None) -> int:
    """Print the peaks and return 0, or the error and return 1."""
    folder = None if data is None else Path(data)
    try:
        found = eager(dataset, int(batch), folder) if method == "eager" else lazy(dataset, folder)
    except Exception as error:
        traceback.print_exc()
        kind = next((name for name, kind in KINDS.items() if isinstance(error, kind)), "RuntimeError")
        print(json.dumps({"kind": kind, "message": one_line(error)}))
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
