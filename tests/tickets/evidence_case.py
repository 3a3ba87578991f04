"""Small networks, a loss and batches for the tests of evidence, and what naive differentiation says of them."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

Batch = tuple[Tensor, Tensor]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def relu_norm() -> nn.Module:
    """Convolution, BatchNorm with statistics of its own, ReLU."""
    model = nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(),
        nn.Linear(27, 3),
    )  # fmt: skip
    norm = model[2]
    nn.init.uniform_(norm.weight, 0.5, 2.0)
    norm.running_mean.copy_(torch.randn(3))
    norm.running_var.copy_(torch.rand(3) + 0.5)
    return model


class Tied(nn.Module):
    """One weight used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.second(torch.tanh(self.first(x)))))


class Sharp(torch.autograd.Function):
    """A square that torch.func cannot transform."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx, slope):
        (x,) = ctx.saved_tensors
        return 2 * x * slope


class Custom(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return Sharp.apply(self.inner(x))


class Rows(nn.Module):
    """Attention: outputs of several numbers per position, a bias shared by positions."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.stack([x, x.flip(1)], dim=1)
        return self.head(self.attention(x, x, x, need_weights=False)[0].mean(1))


NETWORKS = {"mlp": mlp, "relu and norm": relu_norm, "tied": Tied, "custom": Custom, "attention": Rows}


def built(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name]().double()


def loss(model: nn.Module, batch: Batch) -> Tensor:
    x, y = batch
    return F.cross_entropy(model(x), y)


def batches(sizes: tuple[int, ...] = (5, 5)) -> list[Batch]:
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(n, 4, generator=generator, dtype=torch.float64), torch.randint(3, (n,), generator=generator))
        for n in sizes
    ]


def naive_gradient(model: nn.Module, batch: Batch, names: list[str]) -> Tensor:
    """The gradient of the named parameters, flat, by `backward`."""
    model.zero_grad()
    loss(model, batch).backward()
    found = torch.cat([model.get_parameter(name).grad.reshape(-1) for name in names])
    model.zero_grad()
    return found


def naive_hessian(model: nn.Module, batch: Batch, names: list[str]) -> Tensor:
    """The whole Hessian of the loss with respect to the named parameters, flat."""
    sizes = [model.get_parameter(name).numel() for name in names]

    def at(flat: Tensor) -> Tensor:
        parts = {name: part.reshape(model.get_parameter(name).shape) for name, part in zip(names, flat.split(sizes))}
        x, y = batch
        return F.cross_entropy(functional_call(model, parts, (x,)), y)

    flat = torch.cat([model.get_parameter(name).detach().reshape(-1) for name in names])
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernel has no second derivative
        return torch.autograd.functional.hessian(at, flat)


def naive_gauss_newton(model: nn.Module, batch: Batch, names: list[str]) -> Tensor:
    """The diagonal of JᵀHJ from every row of J and H = (diag(p) − ppᵀ)/n."""
    x, _ = batch
    total = torch.zeros(sum(model.get_parameter(name).numel() for name in names), dtype=torch.float64)
    for row in x:
        out = model(row[None])[0]
        parameters = [model.get_parameter(name) for name in names]
        jacobian = torch.stack(
            [torch.cat([g.reshape(-1) for g in torch.autograd.grad(o, parameters, retain_graph=True)]) for o in out]
        )
        p = out.detach().softmax(0)
        total += torch.einsum("ck,cd,dk->k", jacobian, torch.diag(p) - torch.outer(p, p), jacobian)
    return total / len(x)


def flat(found: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in found.values()])
