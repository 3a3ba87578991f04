"""What a gated network's masks say about its tasks, as records and as one small tensor file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from rewire import gates
from rewire.files import read_tensors, write_tensors
from rewire.gates import tasks_of
from rewire.tasks import Task

PIXELS = "pixels.safetensors"
COLOURS = ("red", "green", "blue")  # the input channels' names
LOOKED_AT = 200  # test images behind the pixel maps


def wiring_rows(model: nn.Module, first: str = "conv1.weight") -> Iterator[dict]:
    """Records of three kinds: "channels" (first layer's share per input channel), "masks" and "overlap".

    channels: task, channel, share. masks: task, tensor, size, on, off, undecided, mean. overlap: tensor, first,
    second, overlap (Jaccard).
    """
    names = tasks_of(model)
    for task in names:
        for channel, share in zip(COLOURS, gates.input_usage(model, first, task).tolist()):
            yield {"wiring": "channels", "task": task, "channel": channel, "share": share}
    for row in gates.usage(model):
        yield {"wiring": "masks"} | row
    for tensor, matrix in gates.overlap(model).items():
        for i, one in enumerate(names):
            for j, other in enumerate(names[:i]):
                yield {
                    "wiring": "overlap",
                    "tensor": tensor,
                    "first": other,
                    "second": one,
                    "overlap": matrix[i, j].item(),
                }


def pixels(model: nn.Module, tasks: Sequence[Task]) -> dict[str, Tensor]:
    """Per task, how much each input pixel moves the winning logit: [channels, H, W]."""
    model.eval()
    return {task.name: gates.pixel_usage(model, task.test[:LOOKED_AT][0], task.name) for task in tasks}


def pixel_rows(maps: Mapping[str, Tensor]) -> Iterator[dict]:
    """The channels' shares of a task's pixel map: {"wiring": "pixels", task, channel, share}."""
    for task, each in maps.items():
        for channel, plane in zip(COLOURS, each):
            yield {"wiring": "pixels", "task": task, "channel": channel, "share": (plane.sum() / each.sum()).item()}


def write_images(path: Path, images: Mapping[str, Tensor]) -> None:
    """Save named images so that their order survives: safetensors sorts by name."""
    write_tensors(path, {f"{index:02} {name}": tensor for index, (name, tensor) in enumerate(images.items())})


def read_images(path: Path) -> dict[str, Tensor]:
    """What `write_images` wrote, in its order."""
    return {name[3:]: tensor for name, tensor in sorted(read_tensors(path)[0].items())}
