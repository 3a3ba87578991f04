"""One small model of every kind that can be gated, and the ways to gate it, for tests that run over all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import rewire
from rewire.gates import Bernoulli, Hard, Sigmoid, Switch, TopK
from rewire.gates.parts import gates

TASKS = ["day", "night", "dusk"]


class First(nn.Module):
    """The first output of a module that returns several, so that every case maps a tensor to a tensor."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)[0]


class Attention(nn.Module):
    def __init__(self, **options: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **options)

    def forward(self, x: Tensor) -> Tensor:
        keys, values = x[..., : self.attention.kdim], x[..., : self.attention.vdim]
        return self.attention(x, keys, values)[0]


class Tied(nn.Module):
    """An embedding whose weight is the decoder's too."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Embedding(5, 4)
        self.decoder = nn.Linear(4, 5)
        self.decoder.weight = self.encoder.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class Twice(nn.Module):
    """One module in two places, and a parameter of the root's own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((4,), 1.5))
        self.first = nn.Linear(4, 4)
        self.second = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.relu(self.first(x))) * self.scale


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ParameterList([nn.Parameter(torch.randn(3, 3)) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        for weight in self.layers:
            x = torch.tanh(x @ weight)
        return x


def batch_norm_net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))


MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "Linear": (lambda: nn.Linear(4, 3), lambda: torch.randn(6, 4)),
    "MLP": (lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)), lambda: torch.randn(6, 4)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3), lambda: torch.randn(6, 2, 7)),
    "Conv2d": (lambda: nn.Conv2d(4, 6, 3, groups=2), lambda: torch.randn(6, 4, 5, 5)),
    "Conv3d": (lambda: nn.Conv3d(2, 3, 2), lambda: torch.randn(6, 2, 3, 3, 3)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 3), lambda: torch.randn(6, 2, 4, 4)),
    "Embedding": (lambda: nn.Embedding(5, 3), lambda: torch.randint(5, (6, 4))),
    "Tied": (Tied, lambda: torch.randint(5, (6, 4))),
    "Twice": (Twice, lambda: torch.randn(6, 4)),
    "LSTM": (
        lambda: First(nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)),
        lambda: torch.randn(6, 5, 3),
    ),
    "GRU": (lambda: First(nn.GRU(3, 4, batch_first=True)), lambda: torch.randn(6, 5, 3)),
    "LSTMCell": (lambda: First(nn.LSTMCell(3, 4)), lambda: torch.randn(6, 3)),
    "MultiheadAttention": (Attention, lambda: torch.randn(6, 3, 8)),
    "MultiheadAttention, other keys": (lambda: Attention(kdim=6, vdim=5), lambda: torch.randn(6, 3, 8)),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dropout=0.0),
        lambda: torch.randn(6, 3, 8),
    ),
    "BatchNorm": (batch_norm_net, lambda: torch.randn(6, 2, 4, 4)),
    "ParameterList": (Listed, lambda: torch.randn(6, 3)),
}


@dataclass(frozen=True)
class Method:
    switch: Switch
    own: str | tuple[()] = ()


METHODS = {
    "sigmoid": Method(Sigmoid(std=2.0)),
    "hard": Method(Hard(mean=0.0, std=1.0)),
    "bernoulli": Method(Bernoulli(std=2.0)),
    "topk": Method(TopK(density=0.5)),
    "own": Method(Sigmoid(), "*"),
}


def example(name: str, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """A plain model of the zoo, in evaluation mode, and a batch of six inputs."""
    torch.manual_seed(seed)
    build, inputs = MODELS[name]
    return build().eval(), inputs()


def gated_example(name: str, method: str = "sigmoid", seed: int = 0, **options: object) -> tuple[nn.Module, Tensor]:
    """The same, gated for TASKS so that each task computes something else."""
    model, x = example(name, seed)
    chosen = METHODS[method]
    generator = torch.Generator().manual_seed(seed)
    rewire.gate(model, TASKS, chosen.switch, generator=generator, **({"own": chosen.own} | options))
    if chosen.own:
        with torch.no_grad():
            for gate in gates(model).values():
                for task in TASKS:
                    if gate.score(task).is_floating_point():
                        gate.score(task).abs_().add_(torch.rand(gate.score(task).shape, generator=generator))
    return model, x


def outputs(model: nn.Module, x: object) -> dict[str, Tensor]:
    """What the model computes for every task."""
    with torch.no_grad():
        return {task: rewire.switch(model, task)(x) for task in rewire.tasks_of(model)}


# torch's matmul takes another path, with other rounding, for weights that require gradients: see at::should_fold.
ROUNDED = {"GRU", "MultiheadAttention", "MultiheadAttention, other keys", "TransformerEncoderLayer"}


def assert_same_function(kind: str, a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    """The same bits, or the same to the last bits where torch itself picks kernels by `requires_grad`."""
    assert a.keys() == b.keys()
    exact = {"rtol": 0.0, "atol": 0.0}
    for key in a:
        torch.testing.assert_close(a[key], b[key], **({"rtol": 1e-6, "atol": 1e-6} if kind in ROUNDED else exact))


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    """Bit for bit, NaN included."""
    return a.keys() == b.keys() and all(
        torch.equal(a[k].nan_to_num(7.25), b[k].nan_to_num(7.25)) and a[k].dtype == b[k].dtype for k in a
    )


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def task_state(model: nn.Module, task: str) -> dict[str, Tensor]:
    """Everything that belongs to one task, copied."""
    return {name: gate.score(task).detach().clone() for name, gate in gates(model).items()}
