"""`SparseLinear`: a linear layer that stores, multiplies and trains only the weights its mask leaves."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parameter import is_lazy

from rewire.tickets.pattern import Pattern
from rewire.tickets.sparse_product import product


class SparseLinear(nn.Linear):
    """A linear layer whose trained `values` are the weights that are on, as one flat tensor in row order.

    Equal within rounding to the dense layer with zeros where the mask is off, whatever the input; on the CPU in float32
    and float64 its cost falls with density: product, both gradients and optimizer state know only the weights that are
    left. Elsewhere (other devices and dtypes, autocast, torch.compile, torch.func, second derivatives) it computes with
    the dense matrix. Its state dict is that of the dense layer. `weight` may be read, and differentiated, but it is
    made anew each time: write to `values` instead. The kernels run on one thread and give the same bits each time.

    Args:
        linear: the layer to take over. The bias is shared with it, the values are copied.
        mask: boolean, of the weight's shape [outputs, inputs]; True where a weight is on.

    Raises TypeError for a mask that is not boolean, ValueError for one of another shape and for a layer that is lazily
    initialised, on the meta device or parametrized.

    >>> layer = SparseLinear(nn.Linear(3, 2), torch.tensor([[True, False, True], [False, False, True]]))
    >>> layer.values.shape, layer.weight.count_nonzero(), layer(torch.zeros(5, 3)).shape
    (torch.Size([3]), tensor(3), torch.Size([5, 2]))
    """

    values: nn.Parameter
    pattern: Pattern

    def __init__(self, linear: nn.Linear, mask: Tensor) -> None:
        nn.Module.__init__(self)
        weight = _plain_weight(linear)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.pattern = Pattern(mask, weight.shape)
        self.values = nn.Parameter(self.pattern.pick(weight.detach()), weight.requires_grad)
        self.register_parameter("bias", linear.bias)
        self.training = linear.training

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The dense matrix [outputs, inputs], made anew; gradients flow back to `values`."""
        return self.pattern.dense(self.values)

    def forward(self, input: Tensor) -> Tensor:
        own: dict[str, Any] = self._parameters  # three lookups by name would take a microsecond more
        values, bias = own["values"], own["bias"]
        if _has_kernel(input, values, bias) and input.shape[-1] == self.in_features:
            return product(input, values, bias, self.pattern)
        return F.linear(input, self.weight, self.bias)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw values and bias as nn.Linear draws them."""
        like: Any = {"device": self.values.device, "dtype": self.values.dtype}
        fresh = nn.Linear(self.in_features, self.out_features, self.bias is not None, **like)
        self.values.copy_(self.pattern.pick(fresh.weight))
        if self.bias is not None:
            self.bias.copy_(fresh.bias)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, kept={len(self.values)} of {self.in_features * self.out_features}"

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        destination[prefix + "weight"] = self.weight if keep_vars else self.weight.detach()
        if self.bias is not None:
            destination[prefix + "bias"] = self.bias if keep_vars else self.bias.detach()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:  # type: ignore[override]
        # Loaded as the dense layer would load it, with its checks and messages; then what is on is picked.
        own: dict[str, Any] = self._parameters
        self._parameters = {"weight": nn.Parameter(self.weight.detach()), "bias": self.bias}
        try:
            super()._load_from_state_dict(state_dict, prefix, *rest)
        finally:
            loaded, self._parameters = self._parameters, own
        own["bias"] = loaded["bias"]  # another one after load_state_dict(assign=True)
        self.values.detach().copy_(self.pattern.pick(cast(Tensor, loaded["weight"]).detach()))


def _plain_weight(linear: nn.Linear) -> nn.Parameter:
    weight = linear._parameters.get("weight")
    if weight is None:
        raise ValueError("linear must have a weight of its own; got a parametrized one: remove_parametrizations first")
    if is_lazy(weight):
        raise ValueError("linear must have its shape; it is lazily initialised: run one batch through it first")
    if weight.is_meta:
        raise ValueError("linear must hold numbers; it is on the meta device: call to_empty first")
    return weight


def _has_kernel(x: Tensor, values: Any, bias: Tensor | None) -> bool:
    """Whether these are plain numbers in memory that the compiled kernels can read, with nobody tracing the call."""
    return (
        not torch.jit.is_tracing()
        and not torch.compiler.is_compiling()
        and not torch._C._are_functorch_transforms_active()  # torch.func.vmap, grad, …
        and values.dtype in (torch.float32, torch.float64)
        and values.is_contiguous()
        and x.dtype == values.dtype
        and (bias is None or bias.dtype == values.dtype)
        and x.is_cpu
        and values.is_cpu
        and type(x) in (Tensor, nn.Parameter)
        and x.layout == torch.strided
        and x.ndim > 0
        and x.numel() > 0
        and not x.is_neg()
        and not torch.is_autocast_enabled("cpu")
    )
