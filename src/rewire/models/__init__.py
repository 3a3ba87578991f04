"""The networks of the papers; bring your own for everything else."""

from rewire.models.conv import Conv2, Conv4, Conv6
from rewire.models.lecun import CaffeLeNet5, LeCunLeNet5
from rewire.models.lenet import LeNet5
from rewire.models.mlp import MLP
from rewire.models.resnet import ResNet20
from rewire.models.separate import Separate
from rewire.models.vgg import VGG7, VGG16, VGG19

__all__ = [
    "MLP",
    "VGG7",
    "VGG16",
    "VGG19",
    "CaffeLeNet5",
    "Conv2",
    "Conv4",
    "Conv6",
    "LeCunLeNet5",
    "LeNet5",
    "ResNet20",
    "Separate",
]
