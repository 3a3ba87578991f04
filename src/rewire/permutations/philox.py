"""Random bits that are the same on every machine and in every year: Philox4x32-10 (Salmon et al. 2011), in numpy.

A counter-based generator: block i of a stream is a function of i, so that no state is kept and no library's version
matters. Only whole numbers are computed.
"""

import hashlib

import numpy as np

ROUNDS = 10
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85  # what the key grows by from round to round
LOW, WORD = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Philox4x32-10: four random words for each block of four counter words, all below 2³², as uint64 [4, blocks].

    >>> [hex(word[0]) for word in philox(np.zeros((4, 1), np.uint64), (0, 0)).tolist()]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d = counters.astype(np.uint64)
    for number in range(ROUNDS):
        left, right = (np.uint64((word + number * weyl) & 0xFFFFFFFF) for word, weyl in zip(key, WEYL))
        first, second = a * np.uint64(MULTIPLIERS[0]), c * np.uint64(MULTIPLIERS[1])  # below 2⁶⁴: nothing is lost
        a, b, c, d = (second >> WORD) ^ b ^ left, second & LOW, (first >> WORD) ^ d ^ right, first & LOW
    return np.stack([a, b, c, d])


def words(seed: int, stream: str, start: int, stop: int) -> np.ndarray:
    """Words start … stop − 1 of the stream of that name under a seed from 0 to 2⁶⁴ − 1: uint64 below 2³².

    The seed is the key, the first 64 bits of the name's SHA-256 are one half of the counter: streams of other names
    or other seeds have nothing in common.

    >>> words(7, "weight", 0, 6)[4:] == words(7, "weight", 4, 6)
    array([ True,  True])
    """
    first, last = start // 4, -(-stop // 4)
    blocks, name = np.arange(first, last, dtype=np.uint64), np.frombuffer(_digest(stream), dtype="<u4")
    counters = np.empty((4, len(blocks)), np.uint64)
    counters[0], counters[1], counters[2], counters[3] = blocks & LOW, blocks >> WORD, name[0], name[1]
    drawn = philox(counters, (seed & 0xFFFFFFFF, seed >> 32))
    return drawn.T.reshape(-1)[start - 4 * first : stop - 4 * first]


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]
