"""Train by moving weights only, then store the network as a seed and a permutation: a quarter of its size, bit for bit.

Run it with `python examples/permute_to_train.py`; it takes seconds and needs no data beyond scikit-learn's digits.
"""

import tempfile
from pathlib import Path

import torch

import rewire
from rewire.models import MLP
from rewire.permutations import Initial, initialise_
from rewire.tasks import load_images, plain
from rewire.training import Streams, evaluate, fit

torch.set_num_threads(1)
task = plain(load_images("digits"), size=8)
init = Initial("kaiming uniform", seed=0)


def network() -> MLP:
    return initialise_(MLP(64, 128, 10), init, biases=True)


moved = network()
adam = torch.optim.Adam(moved.parameters(), lr=3e-3)
rewire.optim.LAPerm(adam, k=20)
fit(moved, [task], adam, steps=600, batch_size=32, streams=Streams(0))
print(f"LAPerm on Adam: accuracy {evaluate(moved, task)['accuracy']:.3f}")

cycled = network()
sgperm = rewire.optim.SGPerm([p for p in cycled.parameters() if p.ndim > 1], seed=0)
fit(cycled, [task], sgperm, steps=600, batch_size=32, streams=Streams(0))
print(f"SGPerm: accuracy {evaluate(cycled, task)['accuracy']:.3f}")

start = network()
for model in (moved, cycled):
    pairs = zip(start.parameters(), model.parameters())
    print("the same values:", all(rewire.permutations.same_multiset(a, b) for a, b in pairs if a.ndim > 1))

with tempfile.TemporaryDirectory() as directory:
    path = Path(directory) / "network.permutation"
    rewire.save_permutation(moved, init, path)
    loaded = rewire.load_permutation(path, MLP(64, 128, 10))
    size = 4 * sum(p.numel() for p in moved.parameters())
    print(f"stored in {path.stat().st_size} of {size} bytes: accuracy {evaluate(loaded, task)['accuracy']:.3f}")
