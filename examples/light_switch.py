"""Two tasks, one set of weights: coloured digits and inverted digits, each with its own switch on every weight.

Run it with `python examples/light_switch.py`; it takes seconds and needs no data beyond scikit-learn's digits.
"""

import tempfile

import torch

import rewire
from rewire.models import MLP
from rewire.tasks import coloured, inverted, load_images
from rewire.training import Streams, evaluate, fit

torch.set_num_threads(1)
digits = load_images("digits")
tasks = [*coloured(digits, {"red": (1, 0, 0)}, size=8), inverted(digits, size=8)]

streams = Streams(seed=0)
with streams.initialising():
    model = rewire.gate(MLP(3 * 8 * 8, 64, 10), [task.name for task in tasks], rewire.Hard())
optimizer = torch.optim.Adam(rewire.param_groups(model, lr=1e-3))
fit(model, tasks, optimizer, steps=600, batch_size=32, streams=streams)

for task in tasks:
    print(f"{task.name}: accuracy {evaluate(model, task)['accuracy']:.3f}")
print("share of wiring in common:", {name: round(m[0, 1].item(), 3) for name, m in rewire.gates.overlap(model).items()})

with tempfile.TemporaryDirectory() as directory:
    rewire.save(model, directory)
    fresh = rewire.load(MLP(3 * 8 * 8, 64, 10), directory)
plain = rewire.merge(fresh, "inverse")
print(f"merged into a plain {type(plain).__name__}: accuracy {evaluate(plain, tasks[1])['accuracy']:.3f}")
