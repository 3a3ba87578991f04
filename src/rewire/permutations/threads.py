"""How rows are shared out among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch

WORTH_A_THREAD = 2**16  # values: about half a millisecond of sorting, and what starting a thread may cost


def over_rows(kernel: Callable[..., Any], *arrays: np.ndarray, worth: int = WORTH_A_THREAD) -> list[Any]:
    """The kernel's results on parts of the arrays, cut alike along their first dimension: one part for each thread.

    As many threads as torch may use, but none for less than `worth` values. A kernel must release the lock of Python
    and treat rows apart, so that the result is the same for any number of threads.
    """
    count = len(arrays[0])
    threads = max(1, min(torch.get_num_threads(), count, arrays[0].size // worth))
    if threads == 1:
        return [kernel(*arrays)]
    ends = [count * part // threads for part in range(threads + 1)]
    parts = [[array[start:end] for array in arrays] for start, end in pairwise(ends)]
    with ThreadPoolExecutor(threads - 1) as pool:  # made anew: threads that are kept do not survive a fork
        others = [pool.submit(kernel, *part) for part in parts[1:]]
        return [kernel(*parts[0]), *(other.result() for other in others)]
