"""A run of zhou/superposition: learn task after task, and measure all of them with and without their ids."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.experiments.recipe import Context
from rewire.experiments.zhou.superposition.memory import Memory
from rewire.experiments.zhou.superposition.stages import SuperpositionConfig
from rewire.gates import Hard, Superposition, TopK, signed_constant_
from rewire.gates.inference import spare_outputs
from rewire.models import MLP
from rewire.tasks import Images, Task, load_images, permuted, rotated
from rewire.training import Streams, derive, fit
from rewire.training.denormals import flushed

SWITCHES = {"hard": Hard(mean=0.0, std=0.02), "top": TopK(0.5)}
FAMILIES: dict[str, Callable[[Images, int, int], list[Task]]] = {
    "permuted": permuted,
    "rotated": lambda images, n, seed: rotated(images, [360 * k / n for k in range(n)]),
}


def learn_all(config: SuperpositionConfig, context: Context) -> None:
    """Records: rows of the accuracy matrix (`after` tasks), guesses by method and crowd, bits; a killed run goes on."""
    images = load_images(config.dataset, context.data, context.device)
    tasks = FAMILIES[config.family](images, config.tasks, derive(context.seed, "family"))
    many = superposed(config, images, context)
    memory = Memory(context.directory)
    for number, task in enumerate(tasks):
        if not memory.recall(many, task.name):
            learn(many, task, config, context, number)
            memory.keep(many, task.name)
        if number + 1 in config.rows:
            for row in matrix_row(many, tasks, number + 1, images.classes, config):
                context.sink.write({"after": number + 1} | row)
    for row in guesses(many, tasks, images.classes, config):
        context.sink.write(row)
    context.sink.write(sizes(many))


def superposed(config: SuperpositionConfig, images: Images, context: Context) -> Superposition:
    """Signed Kaiming constants, no biases, and no task yet."""
    if config.switch not in SWITCHES:
        raise choice("switch", SWITCHES, config.switch)
    streams = Streams(context.seed)
    with streams.initialising():
        model = MLP(images.train.inputs[0].numel(), *config.hidden, config.outputs)
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.register_parameter("bias", None)
    signed_constant_(model.to(context.device), "kaiming")
    return Superposition(model, SWITCHES[config.switch], generator=streams["masks"])


def learn(many: Superposition, task: Task, config: SuperpositionConfig, context: Context, number: int) -> None:
    """Train one task's scores and pack its mask. Its batches and scores depend on the seed and its name alone."""
    many.generator = torch.Generator().manual_seed(derive(context.seed, "masks", task.name))
    model = many.begin(task.name, many.tasks if config.transfer and many.tasks else None, scale=0.02)
    with flushed():
        fit(
            model,
            [task],
            torch.optim.RMSprop(many.scores.values(), lr=config.lr),
            steps=config.steps,
            batch_size=config.batch_size,
            streams=Streams(derive(context.seed, task.name)),
            progress=lambda state: context.progress(
                {**state, "step": number * config.steps + state["step"], "steps": config.tasks * config.steps}
            ),
        )
    many.finish()


def matrix_row(
    many: Superposition, tasks: list[Task], after: int, classes: int, config: SuperpositionConfig
) -> Iterator[dict[str, Any]]:
    """Accuracy on each task after `after` of them: by its own mask or, not yet learned, by the last one's; and without
    ids, by the mask that one-shot inference names from as many images as the largest crowd."""
    crowd = max(config.crowds)
    for number, task in enumerate(tasks):
        x, y = _some(task, config.images)
        with_id = _right(many, task.name if number < after else tasks[after - 1].name, x, y)
        yield {"task": number, "accuracy": with_id.mean().item()}
        if number < after:
            parts = zip(x.split(crowd), y.split(crowd))
            without = torch.cat([_right(many, _infer(many, "one-shot", part, classes), part, labels)
                                 for part, labels in parts])  # fmt: skip
            yield {"task": number, "without_id": without.mean().item()}


def guesses(
    many: Superposition, tasks: list[Task], classes: int, config: SuperpositionConfig
) -> Iterator[dict[str, Any]]:
    """Per method and crowd: how often the right task is named, and the accuracy on the images it was named from."""
    for method in config.methods:
        for crowd in config.crowds:
            named, right = [], []
            for number, task in enumerate(tasks):
                for turn in range(config.guesses):  # other images for each task
                    start = (number * config.guesses + turn) * crowd % (len(task.test) - crowd)
                    x, y = task.test[slice(start, start + crowd)]
                    guess = _infer(many, method, x, classes)
                    named.append(guess == task.name)
                    right.append(_right(many, guess, x, y).mean().item())
            row = {"method": method, "crowd": crowd, "guesses": len(named), "tasks": len(tasks)}
            yield row | {"named": sum(named) / len(named), "accuracy": sum(right) / len(right)}


def sizes(many: Superposition) -> dict[str, Any]:
    """Bytes of a stored task, and of all with the counts that inference needs."""
    return {"bytes_per_task": 8 * many.bank.words, "bytes": many.bank.nbytes, "tasks": len(many.tasks)}


def _infer(many: Superposition, method: str, x: Tensor, classes: int) -> str:
    if method == "spare":
        return many.infer(x, objective=partial(spare_outputs, classes=classes))
    return many.infer(x, method)


@torch.no_grad()
def _right(many: Superposition, task: str, x: Tensor, y: Tensor) -> Tensor:
    """1 for each image that the task's network labels right, over all outputs: no label is known to be impossible."""
    return (many.use(task).eval()(x).argmax(-1) == y).double()


def _some(task: Task, images: int) -> tuple[Tensor, Tensor]:
    """Evenly spread test images."""
    step = max(1, len(task.test) // images) if images else 1
    return task.test[torch.arange(0, len(task.test), step)[: images or None]]
