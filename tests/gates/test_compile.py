"""torch.compile makes one graph for all tasks, and training through it is training."""

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from zoo import outputs

import rewire
from rewire.gates import Hard, Sigmoid, scores


@pytest.mark.parametrize("switch", [Sigmoid(std=1.0), Hard(mean=0.0, std=1.0)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_one_graph_serves_every_task(switch):
    torch._dynamo.reset()
    tasks = [f"task {i}" for i in range(20)]  # beyond the compiler's limit of 8 graphs for one function
    model = rewire.gate(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), tasks, switch)
    x = torch.randn(5, 4)
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for task in tasks:
        compiled.zero_grad()
        y = rewire.switch(compiled, task)(x)
        y.square().sum().backward()
        found = {name: score.grad for name, score in scores(model, task).items()}
        assert all(score.grad is None for score in scores(model, tasks[tasks.index(task) - 1]).values())
        torch.testing.assert_close(y, outputs(model, x)[task])
        model.zero_grad()
        rewire.switch(model, task)(x).square().sum().backward()
        for name, score in scores(model, task).items():
            torch.testing.assert_close(found[name], score.grad)
    assert counter.frame_count == 1
