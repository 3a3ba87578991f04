"""Compiled products with a sparse matrix: rows of 64 examples at a time, held in vector registers.

The matrix is [outputs, inputs] in compressed rows: row o has the values starts[o] … starts[o + 1] - 1, which stand in
the columns `columns`. Inputs are laid out in blocks of LANES examples, [blocks, inputs, LANES], so that one weight
meets 64 examples at once; the last block is filled up with zeros. One thread, every sum in a fixed order: the same
bits each time.

Import this module only where a kernel is run: numba takes a second to import.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import models, register_model

from rewire.compiled import built, compiled

LANES = 64
# Sums may be regrouped and fused, so that they fill vectors; NaN and infinity keep their meaning.
FLAGS = ("contract", "reassoc", "nsz")
INT = ir.IntType(32)


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


@built
def _load(typing: Any, array: Any, row: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = builder.load(_address(context, builder, signature.args[0], *args))
        lanes.align = array.dtype.bitwidth // 8  # that of one number: arrays from anywhere will do
        return lanes

    return Lanes(array.dtype)(array, row), emit


@built
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


@built
def _spread_out(typing: Any, number: Any) -> Any:
    """The number in every lane."""
    return Lanes(number)(number), lambda context, builder, signature, args: _spread(builder, args[0])


@built
def _add_product(typing: Any, total: Any, number: Any, lanes: Any) -> Any:
    """total + number · lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        product = builder.fmul(_spread(builder, args[1]), args[2], flags=FLAGS)
        return builder.fadd(args[0], product, flags=FLAGS)

    return total(total, number, lanes), emit


@built
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


@built
def _tile(typing: Any, a: Any, i: Any, a_width: Any, b: Any, j: Any, b_width: Any) -> Any:
    """Transpose 4 × 4 numbers: from place i of an array whose rows are `a_width` long to place j of another."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        quad, kinds = ir.VectorType(context.get_value_type(a.dtype), 4), signature.args
        size = a.dtype.bitwidth // 8

        def row(array: int, number: int) -> Any:
            data = context.make_array(kinds[array])(context, builder, args[array]).data
            offset = builder.add(
                args[array + 1], builder.mul(args[array + 2], ir.Constant(args[array + 2].type, number))
            )
            return builder.bitcast(builder.gep(data, [offset]), quad.as_pointer())

        def pick(one: Any, other: Any, *places: int) -> Any:
            return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(INT, 4), list(places)))

        rows = [builder.load(row(0, number), align=size) for number in range(4)]
        halves = [pick(rows[n], rows[n + 1], *places) for n in (0, 2) for places in ((0, 4, 1, 5), (2, 6, 3, 7))]
        for number in range(4):
            low, high = halves[number // 2], halves[number // 2 + 2]
            turned = pick(low, high, *((2, 3, 6, 7) if number % 2 else (0, 1, 4, 5)))
            builder.store(turned, row(3, number), align=size)
        return context.get_dummy_value()

    return types.void(a, i, a_width, b, j, b_width), emit


@built
def _pointer(typing: Any, address: Any, like: Any) -> Any:
    """An address as a pointer to numbers of the array's kind."""
    pointer = types.CPointer(like.dtype)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(pointer))

    return pointer(address, like), emit


@compiled
def _at(address: int, rows: int, width: int, like: np.ndarray) -> np.ndarray:
    """The contiguous [rows, width] array at an address, its numbers of the array's kind; address 0: no rows."""
    return carray(_pointer(address, like), (rows if address else 0, width))


@compiled
def _turn(a: np.ndarray, i: int, j: int, rows: int, columns: int, b: np.ndarray, k: int, m: int) -> None:
    """b[k + c, m + r] = a[i + r, j + c] for all r < rows and c < columns."""
    width, height = columns // 4 * 4, rows // 4 * 4
    for c in range(0, width, 4):
        for r in range(0, height, 4):
            _tile(a, (i + r) * a.shape[1] + j + c, a.shape[1], b, (k + c) * b.shape[1] + m + r, b.shape[1])
        for r in range(height, rows):
            for n in range(4):
                b[k + c + n, m + r] = a[i + r, j + c + n]
    for c in range(width, columns):
        for r in range(rows):
            b[k + c, m + r] = a[i + r, j + c]


@compiled
def _rows(count: int, like: np.ndarray) -> np.ndarray:
    """Zeros [count, LANES], each row in cache lines of its own."""
    room = np.zeros(count * LANES + 64, like.dtype)
    skip = -room.ctypes.data % 64 // room.itemsize
    return room[skip : skip + count * LANES].reshape(count, LANES)


@compiled
def forward(
    like: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    examples: int,
    inputs: int,
    x: int,
    values: int,
    bias: int,
    blocks: int,
    out: int,
) -> None:
    """out [examples, outputs] = x Wᵀ + bias, leaving x [examples, inputs] laid out in blocks.

    The last five are addresses of contiguous arrays whose numbers are of the kind of `like`; a bias at 0 is none.
    """
    outputs, kept = len(starts) - 1, len(columns)
    x_, out_ = _at(x, examples, inputs, like), _at(out, examples, outputs, like)
    values_, bias_ = _at(values, 1, kept, like), _at(bias, 1, outputs, like)
    blocks_ = _at(blocks, -(-examples // LANES) * inputs, LANES, like)
    spare = _rows(4, like)
    for first in range(0, examples, LANES):
        lanes = min(LANES, examples - first)
        laid = blocks_[first // LANES * inputs :][:inputs]
        _turn(x_, first, 0, lanes, inputs, laid, 0, 0)
        laid[:, lanes:] = 0
        for quad in range(0, outputs, 4):
            count = min(4, outputs - quad)
            for n in range(count):
                o = np.uint64(quad + n)
                total = _spread_out(bias_[0, o] if bias else like.dtype.type(0))
                for k in range(starts[o], starts[o + np.uint64(1)]):
                    total = _add_product(total, values_[0, k], _load(laid, np.uint64(columns[k])))
                _store(spare, np.uint64(n), total)
            _turn(spare, 0, 0, count, lanes, out_, first, quad)


@compiled
def backward(
    like: np.ndarray,
    starts: np.ndarray,
    columns: np.ndarray,
    examples: int,
    inputs: int,
    g: int,
    values: int,
    blocks: int,
    to_x: int,
    to_values: int,
    to_bias: int,
) -> None:
    """The gradients of x, values and bias from that of the output g [examples, outputs] and the blocks of `forward`.

    The last six are addresses as in `forward`; a gradient at address 0 is not wanted.
    """
    outputs, kept = len(starts) - 1, len(columns)
    g_, blocks_ = _at(g, examples, outputs, like), _at(blocks, -(-examples // LANES) * inputs, LANES, like)
    values_, of_values = _at(values, 1, kept, like), _at(to_values, 1, kept, like)
    of_x, of_bias = _at(to_x, examples, inputs, like), _at(to_bias, 1, outputs, like)
    of_values[:] = 0
    of_bias[:] = 0
    spare, sums = _rows(4, like), _rows(inputs if to_x else 0, like)
    ones = _spread_out(like.dtype.type(1))
    for first in range(0, examples, LANES):
        lanes = min(LANES, examples - first)
        laid = blocks_[first // LANES * inputs :][:inputs]
        spare[:, lanes:] = 0
        if first:
            sums[:] = 0
        for quad in range(0, outputs, 4):
            count = min(4, outputs - quad)
            _turn(g_, first, quad, lanes, count, spare, 0, 0)
            for n in range(count):
                o = np.uint64(quad + n)
                row = _load(spare, np.uint64(n))
                if to_bias:
                    of_bias[0, o] += _dot(row, ones)
                if to_values:
                    for k in range(starts[o], starts[o + np.uint64(1)]):
                        of_values[0, k] += _dot(row, _load(laid, np.uint64(columns[k])))
                if to_x:
                    for k in range(starts[o], starts[o + np.uint64(1)]):
                        i = np.uint64(columns[k])
                        _store(sums, i, _add_product(_load(sums, i), values_[0, k], row))
        _turn(sums, 0, 0, len(sums), lanes, of_x, first, 0)
