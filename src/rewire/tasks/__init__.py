"""Datasets as tensors on the device, and families of tasks that share them."""

from rewire.tasks import transforms
from rewire.tasks.colours import coloured, inverted, plain
from rewire.tasks.images import Images, image_task, load_images
from rewire.tasks.permuted import permuted
from rewire.tasks.regression import Truth, linear_tasks, sinusoid_tasks
from rewire.tasks.rotated import rotated
from rewire.tasks.splits import halves, labels
from rewire.tasks.task import Examples, Task, accuracy, mse

__all__ = [
    "Examples",
    "Images",
    "Task",
    "Truth",
    "accuracy",
    "coloured",
    "halves",
    "image_task",
    "inverted",
    "labels",
    "linear_tasks",
    "load_images",
    "mse",
    "permuted",
    "plain",
    "rotated",
    "sinusoid_tasks",
    "transforms",
]
