"""The settings of the linear experiments (Blum & Law 2020, 3.1 and 3.2): one frozen dataclass, no torch."""

from dataclasses import dataclass

from rewire.errors import choice

INITS = ("kaiming", "zeros", "normal")


@dataclass(frozen=True)
class Linear:
    """One contender on linear tasks. Defaults: the authors' noise-free run, at a learning rate that converges.

    Attributes:
        model: "gated", "hard", "shared" or "separate".
        speed: learning rate of what belongs to a task alone, over `lr`: "1", "3T" (the code), "4T" (the text).
        zero_grads: the artefact of torch 1.6, whose zero_grad wrote zeros: Adam goes on moving every task's own
            parameters, from the first time the task is drawn, whichever task is drawn.
        tasks, d_in, d_out, n_train, n_test, noise, p_on: of `tasks.linear_tasks`; counts per task.
        lr: of the shared values.
        batch_size: points per step, drawn with replacement; 0 takes all of a task's points.
        steps, every: steps in all, and between evaluations.
        init: of the values: "kaiming" (torch's default), "zeros" or "normal" (N(0, .1²)).
        hard_mean: initial scores of the Hard switch; the sigmoid's are 0.
        float64: train in double precision.
        block: networks in a run: seed k's are those of seeds k·block … (k+1)·block − 1, each with its own streams.
    """

    model: str = "gated"
    speed: str = "1"
    zero_grads: bool = False
    tasks: int = 11
    d_in: int = 11
    d_out: int = 11
    n_train: int = 51
    n_test: int = 300
    noise: float = 0.0
    p_on: float = 0.75
    lr: float = 1e-3
    batch_size: int = 4
    steps: int = 60_000
    every: int = 200
    init: str = "kaiming"
    hard_mean: float = 1.0
    float64: bool = False
    block: int = 10

    def __post_init__(self) -> None:
        if self.init not in INITS:
            raise choice("init", INITS, self.init)
        if self.block < 1 or self.every < 1 or self.batch_size < 0:
            raise ValueError(
                "block and every must be at least 1 and batch_size at least 0; "
                f"got {self.block}, {self.every} and {self.batch_size}"
            )

    def seeds(self, run: int) -> range:
        """The seeds whose networks train in the run of this number.

        >>> Linear(block=10).seeds(2)
        range(20, 30)
        """
        return range(run * self.block, (run + 1) * self.block)

    def evaluations(self) -> list[int]:
        """The steps after which the networks are evaluated; the first is 0 and the last is the end.

        >>> Linear(steps=500, every=200).evaluations()
        [0, 200, 400, 500]
        """
        return [*range(0, self.steps, self.every), self.steps]
