"""Compiled sampling: what `sampling.sampled_mask` says in tensors, in one pass over memory."""

import numpy as np

from rewire.compiled import compiled
from rewire.gates import sampling

_mixed_word = compiled(sampling.mixed_word)


@compiled
def sample(score: np.ndarray, first: int, second: int, levels: np.ndarray, mask: np.ndarray) -> None:
    """mask[i] = 1 where score[i] > levels[r_i], else 0; NaN where the score is not finite."""
    for position in range((score.size + 1) // 2):
        word = _mixed_word(position, first, second)
        i = 2 * position
        mask[i] = (score[i] > levels[word & 0xFFFF]) + (score[i] - score[i])
        if i + 1 < score.size:
            mask[i + 1] = (score[i + 1] > levels[word >> 16]) + (score[i + 1] - score[i + 1])
