"""`Pattern`: where the weights of a sparse matrix stand."""

import numpy as np
import torch
from torch import Tensor


class Pattern:
    """Where a mask is on, once as positions in the flat matrix and once in compressed rows.

    Row o of the matrix has the values starts[o] … starts[o + 1] - 1. Value k stands in the column columns[k].

    >>> pattern = Pattern(torch.tensor([[True, False, False], [True, False, True]]), torch.Size([2, 3]))
    >>> pattern.positions.tolist(), pattern.starts.tolist(), pattern.columns.tolist()
    ([0, 3, 5], [0, 1, 3], [0, 0, 2])
    """

    def __init__(self, mask: Tensor, shape: torch.Size) -> None:
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
            got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
            raise TypeError(f"mask must be a boolean tensor; got {got}: compare first, as in score > 0")
        if mask.shape != shape:
            raise ValueError(f"mask must be of the weight's shape {list(shape)}; got {list(mask.shape)}")
        self.shape = shape
        self.positions = mask.detach().flatten().nonzero().flatten()
        rows = mask.detach().sum(1).cpu().numpy()
        self.starts = np.concatenate([[0], np.cumsum(rows)]).astype(np.uint32)
        self.columns = (self.positions % max(1, shape[1])).cpu().numpy().astype(np.uint32)

    def dense(self, values: Tensor) -> Tensor:
        """The matrix with the values in their places and zeros elsewhere; differentiable."""
        flat = values.new_zeros(self.shape.numel())
        return flat.scatter(0, self._positions_on(values), values).view(self.shape)

    def pick(self, matrix: Tensor) -> Tensor:
        """The matrix's entries where the weights stand, a flat copy; differentiable."""
        return matrix.reshape(-1)[self._positions_on(matrix)]

    def _positions_on(self, tensor: Tensor) -> Tensor:
        if self.positions.device != tensor.device:  # the layer was moved
            self.positions = self.positions.to(tensor.device)
        return self.positions
