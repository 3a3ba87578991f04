"""Gates on a network of your own, in your own loop: a small transformer that reads sequences for two tasks.

One task sums the sequence, the other finds its largest element; heads belong to each task, everything else is shared.
"""

import torch
from torch import nn

import rewire

torch.set_num_threads(1)
torch.manual_seed(0)


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(1, 16)
        self.encoder = nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=32, batch_first=True, dropout=0.0)
        self.head = nn.Linear(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.embed(x[..., None])).mean(1))[..., 0]


targets = {"sum": lambda x: x.sum(1), "largest": lambda x: x.amax(1)}
model = rewire.gate(Reader(), list(targets), rewire.Sigmoid(), own="head", preserve=True)
optimizer = torch.optim.Adam(rewire.param_groups(model, lr=3e-3))

for step in range(1500):
    task = list(targets)[step % 2]
    x = torch.randn(64, 6)
    rewire.switch(model, task)
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), targets[task](x))
    loss.backward()
    optimizer.step()
    if step % 500 > 497:
        print(f"step {step + 1}, {task}: loss {loss.item():.3f}")

x = torch.randn(4, 6)
both = rewire.mixed(model.eval(), x, ["sum", "largest", "largest", "sum"])
print("a batch of both tasks:", [f"{value:.2f}" for value in both.tolist()])
wanted = [targets[task](x)[i].item() for i, task in enumerate(["sum", "largest", "largest", "sum"])]
print("what they should be:  ", [f"{value:.2f}" for value in wanted])
