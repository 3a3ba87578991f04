"""The compiled sum over masks: eight tasks at a time, a word of each, all in vector registers.

A tile is [words, LANES] of 64-bit words: word w of eight masks, side by side. One pass reads it once, front to back,
and leaves out the words where all numbers are zero; the counts of all planes stay in registers. Whole numbers only, so
the result is exact and the same on every machine. Numba is imported here: import this module where a sum is needed.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from rewire.compiled import built, compiled
from rewire.gates.superposition.planes import PLANES

LANES = 8
AHEAD = 24  # words: what is skipped hides the pattern from the processor, so it is told what comes; twice as fast
INT, LINE = ir.IntType(64), ir.VectorType(ir.IntType(64), LANES)
BYTE = ir.IntType(8).as_pointer()
EVERY = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)


def _line(builder: Any, data: Any, index: Any) -> Any:
    """The address of LANES words from `index` · LANES on."""
    place = builder.gep(data, [builder.mul(index, ir.Constant(INT, LANES))])
    return builder.bitcast(place, LINE.as_pointer())


def _in_every_lane(builder: Any, word: Any) -> Any:
    nothing = ir.Constant(LINE, ir.Undefined)
    first = builder.insert_element(nothing, word, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, EVERY)


def _prefetch(builder: Any, tile: Any, words: Any, index: Any, length: Any) -> None:
    """Ask for the line that is AHEAD of this one, if there is one."""
    later = builder.add(index, ir.Constant(INT, AHEAD))
    within = builder.select(builder.icmp_signed("<", later, length), later, index)
    address = builder.bitcast(_line(builder, tile, builder.load(builder.gep(words, [within]))), BYTE)
    numbers = [ir.IntType(32)] * 3
    kind = ir.FunctionType(ir.VoidType(), [BYTE, *numbers])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
    read_keep_data = [number(value) for number, value in zip(numbers, (0, 3, 1))]
    builder.call(prefetch, [address, *read_keep_data])


@built
def _count(typing: Any, tile: Any, words: Any, bits: Any, counts: Any) -> Any:
    """counts[p, lane] = Σ popcount(tile[words[a], lane] & bits[a, p]) over a."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [context.make_array(kind)(context, builder, arg) for kind, arg in zip(signature.args, args)]
        tile_, words_, bits_, counts_ = (array.data for array in arrays)
        popcount = cgutils.get_or_insert_function(builder.module, ir.FunctionType(LINE, [LINE]), "llvm.ctpop.v8i64")
        totals = [cgutils.alloca_once_value(builder, ir.Constant(LINE, [0] * LANES)) for _ in range(PLANES)]
        length = cgutils.unpack_tuple(builder, arrays[1].shape)[0]
        with cgutils.for_range(builder, length) as loop:
            _prefetch(builder, tile_, words_, loop.index, length)
            masks = builder.load(_line(builder, tile_, builder.load(builder.gep(words_, [loop.index]))), align=8)
            row = builder.gep(bits_, [builder.mul(loop.index, ir.Constant(INT, PLANES))])
            for p, total in enumerate(totals):
                plane = _in_every_lane(builder, builder.load(builder.gep(row, [ir.Constant(INT, p)])))
                ones = builder.call(popcount, [builder.and_(masks, plane)])
                builder.store(builder.add(builder.load(total), ones), total)
        for p, total in enumerate(totals):
            builder.store(builder.load(total), _line(builder, counts_, ir.Constant(INT, p)), align=8)
        return context.get_dummy_value()

    return types.void(tile, words, bits, counts), emit


@compiled
def sum_over(tile: np.ndarray, words: np.ndarray, bits: np.ndarray, out: np.ndarray) -> None:
    """out[lane] = Σ of the whole numbers that `planes_of` wrote as `bits`, over the mask in that lane of the tile."""
    counts = np.empty((PLANES, LANES), np.int64)
    _count(tile, words, bits, counts)
    for lane in range(LANES):
        out[lane] = -counts[PLANES - 1, lane] << (PLANES - 1)
        for p in range(PLANES - 1):
            out[lane] += counts[p, lane] << p
