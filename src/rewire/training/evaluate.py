"""A model's loss and metric on a task's held-out examples."""

import torch
from torch import nn

from rewire.errors import choice
from rewire.gates import per_task, restored, switch
from rewire.tasks import Task


@torch.no_grad()
def evaluate(
    model: nn.Module,
    task: Task,
    split: str = "test",
    batch_size: int = 250,
    precision: str = "fp32",
    channels_last: bool = False,
) -> dict[str, float]:
    """{"loss": mean loss, task.metric's name: mean metric} over a split, in evaluation mode.

    A model with tasks of its own is switched to this one; mode and active task are as before afterwards. A batch of
    250 keeps a small convolutional network's activations in a CPU's cache; channels_last is faster for one, too.

    >>> task = tasks.plain(tasks.load_images("digits"), size=8)
    >>> sorted(evaluate(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), task))
    ['accuracy', 'loss']
    """
    if split not in ("train", "test"):
        raise choice("split", ["train", "test"], split)
    examples = getattr(task, split)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    if not len(examples):
        raise ValueError(f"task must have {split} examples; got none for {task.name!r}")
    device = device_of(model)
    totals = torch.zeros(2, dtype=torch.float64)
    with restored(model), autocast(device, precision):
        model.eval()
        if per_task(model):
            switch(model, task.name)
        for start in range(0, len(examples), batch_size):
            x, y = examples[slice(start, start + batch_size)]
            outputs = model(x.contiguous(memory_format=torch.channels_last) if channels_last else x)
            totals += len(y) * torch.stack([task.loss(outputs, y), task.metric(outputs, y)]).double().cpu()
    loss, metric = (totals / len(examples)).tolist()
    return {"loss": loss, task.metric.__name__: metric}


def device_of(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def autocast(device: torch.device, precision: str) -> torch.autocast:
    if precision not in ("fp32", "bf16"):
        raise choice("precision", ["fp32", "bf16"], precision)
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
