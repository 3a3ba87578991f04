"""Compiled products with a sparse matrix: rows of 64 examples at a time, held in vector registers.

The matrix is [outputs, inputs] in compressed rows: row o has the values starts[o] … starts[o + 1] - 1, which stand in
the columns used[columns]. Inputs are laid out in blocks of LANES examples, [blocks, used, LANES], so that one weight
meets 64 examples at once; the last block is filled up with zeros. One thread, every sum in a fixed order: the same
bits each time.

Numba is imported here and nowhere else, so import this module only where a kernel is run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 64
# Sums may be regrouped and fused, so that they fill vectors; NaN and infinity keep their meaning.
FLAGS = ("contract", "reassoc", "nsz")
INT = ir.IntType(32)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled at its first call; kept on disk for the next process where a folder can be written."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache folder can be written
        return njit(nogil=True, error_model="numpy")(function)


class Lanes(types.Type):
    """LANES numbers as one value of compiled code: LLVM spreads them over as many registers as it takes."""

    def __init__(self, dtype: types.Type) -> None:
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, _vector(manager.lookup(lanes.dtype).get_value_type()))


def _vector(element: ir.Type) -> ir.VectorType:
    return ir.VectorType(element, LANES)


def _address(context: Any, builder: Any, array: Any, value: Any, row: Any) -> Any:
    """Where row `row` of a contiguous [rows, LANES] array begins."""
    data = context.make_array(array)(context, builder, value).data
    offset = builder.mul(row, ir.Constant(row.type, LANES))
    return builder.bitcast(builder.gep(data, [offset]), _vector(data.type.pointee).as_pointer())


@intrinsic
def _load(typing: Any, array: Any, row: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = builder.load(_address(context, builder, signature.args[0], *args))
        lanes.align = array.dtype.bitwidth // 8  # that of one number: arrays from anywhere will do
        return lanes

    return Lanes(array.dtype)(array, row), emit


@intrinsic
def _store(typing: Any, array: Any, row: Any, lanes: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        stored = builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]))
        stored.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, row, lanes), emit


def _spread(builder: Any, number: Any) -> Any:
    nothing = ir.Constant(_vector(number.type), ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(INT, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(INT, LANES), [0] * LANES))


@intrinsic
def _spread_out(typing: Any, number: Any) -> Any:
    """The number in every lane."""
    return Lanes(number)(number), lambda context, builder, signature, args: _spread(builder, args[0])


@intrinsic
def _add_product(typing: Any, total: Any, number: Any, lanes: Any) -> Any:
    """total + number · lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        product = builder.fmul(_spread(builder, args[1]), args[2], flags=FLAGS)
        return builder.fadd(args[0], product, flags=FLAGS)

    return total(total, number, lanes), emit


@intrinsic
def _dot(typing: Any, a: Any, b: Any) -> Any:
    """Σ a · b over the lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[0].type
        name = f"llvm.vector.reduce.fadd.v{LANES}f{a.dtype.bitwidth}"
        kind = ir.FunctionType(vector.element, [vector.element, vector])
        reduce = cgutils.get_or_insert_function(builder.module, kind, name)
        start = ir.Constant(vector.element, -0.0)
        return builder.call(reduce, [start, builder.fmul(args[0], args[1], flags=FLAGS)], fastmath=FLAGS)

    return a.dtype(a, b), emit


@intrinsic
def _pointer(typing: Any, address: Any, like: Any = None) -> Any:
    """An address as a pointer to numbers of the array's kind."""
    pointer = types.CPointer(like.dtype)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(pointer))

    return pointer(address, like), emit


@compiled
def forward(
    values: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    used: np.ndarray,
    examples: int,
    inputs: int,
    x: int,
    bias: int,
    blocks: int,
    out: int,
) -> None:
    """out [examples, outputs] = x Wᵀ + bias, leaving x [examples, inputs] laid out in blocks.

    The last four are addresses of contiguous arrays of the values' kind; a bias at address 0 is none.
    """
    outputs, count = len(starts) - 1, (examples + LANES - 1) // LANES
    x_ = carray(_pointer(x, values), (examples, inputs))
    bias_ = carray(_pointer(bias, values), (outputs,))
    blocks_ = carray(_pointer(blocks, values), (count, len(used), LANES))
    out_ = carray(_pointer(out, values), (examples, outputs))
    spare = np.empty((1, LANES), values.dtype)
    for block in range(count):
        laid, first = blocks_[block], block * LANES
        lanes = min(LANES, examples - first)
        for i in range(len(used)):
            row = laid[i]
            for lane in range(lanes):
                row[lane] = x_[first + lane, used[i]]
            row[lanes:] = 0
        for o in range(np.uint64(outputs)):
            total = _spread_out(bias_[o] if bias else values.dtype.type(0))
            for k in range(starts[o], starts[o + np.uint64(1)]):
                total = _add_product(total, values[k], _load(laid, np.uint64(columns[k])))
            _store(spare, np.uint64(0), total)
            for lane in range(lanes):
                out_[first + lane, o] = spare[0, lane]


@compiled
def backward(
    values: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    used: np.ndarray,
    examples: int,
    inputs: int,
    g: int,
    blocks: int,
    to_x: int,
    to_values: int,
    to_bias: int,
) -> None:
    """The gradients of x, values and bias from that of the output g [examples, outputs] and the blocks of `forward`.

    The last five are addresses as in `forward`; a gradient at address 0 is not wanted.
    """
    outputs, count = len(starts) - 1, (examples + LANES - 1) // LANES
    g_ = carray(_pointer(g, values), (examples, outputs))
    blocks_ = carray(_pointer(blocks, values), (count, len(used), LANES))
    of_x = carray(_pointer(to_x, values), (examples if to_x else 0, inputs))
    of_values = carray(_pointer(to_values, values), (len(values) if to_values else 0,))
    of_bias = carray(_pointer(to_bias, values), (outputs if to_bias else 0,))
    of_x[:] = 0  # also that of inputs that no weight reads
    of_values[:] = 0
    of_bias[:] = 0
    spare = np.zeros((1, LANES), values.dtype)
    sums = np.empty((len(used) if to_x else 0, LANES), values.dtype)
    ones = _spread_out(values.dtype.type(1))
    for block in range(count):
        x, first = blocks_[block], block * LANES
        lanes = min(LANES, examples - first)
        spare[0, lanes:] = 0
        sums[:] = 0
        for o in range(np.uint64(outputs)):
            for lane in range(lanes):
                spare[0, lane] = g_[first + lane, o]
            row = _load(spare, np.uint64(0))
            if to_bias:
                of_bias[o] += _dot(row, ones)
            if to_values:
                for k in range(starts[o], starts[o + np.uint64(1)]):
                    of_values[k] += _dot(row, _load(x, np.uint64(columns[k])))
            if to_x:
                for k in range(starts[o], starts[o + np.uint64(1)]):
                    i = np.uint64(columns[k])
                    _store(sums, i, _add_product(_load(sums, i), values[k], row))
        if to_x:
            for i in range(len(used)):
                for lane in range(lanes):
                    of_x[first + lane, used[i]] = sums[i, lane]
