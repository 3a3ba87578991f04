"""The runs of permute/complexity: counts, sizes of graphs, times, and a training whose norms are watched."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage

COUNTS, EDGES, TIMES, NORMS = "cycles", "edges", "times", "norms"
AXES = {"n": (512, 1024, 2048, 4096), "partition": (0.05, 0.1, 0.2, 0.4), "aggressiveness": (0.05, 0.1, 0.2, 0.4)}


@dataclass(frozen=True)
class ComplexityConfig:
    """What to measure, and where; along each axis the other two stay at `n`, `partition` and `aggressiveness`.

    Attributes:
        measure: "cycles" counts those of complete graphs of up to `vertices`; "edges" those of the graphs that SGPerm
            searches; "times" a step of SGPerm and a sync of LAPerm; "norms" trains on digits, `steps` updates.
        vectors: weight vectors of a layer whose step is timed. lengths: of the vectors that are synchronised.
        rounds: of timing; the fastest counts.
    """

    measure: str = COUNTS
    vertices: int = 7
    n: int = 2048
    partition: float = 0.2
    aggressiveness: float = 0.15
    vectors: int = 8
    lengths: tuple[int, ...] = (1024, 4096, 16384, 65536)
    rounds: int = 15
    steps: int = 100


def stages(budget: str) -> tuple[Stage, ...]:
    """Times are the machine's, so that they run alone; counts are the same on every machine."""
    timed = ComplexityConfig(TIMES) if budget == "quick" else ComplexityConfig(TIMES, vectors=32, rounds=40)
    trained = ComplexityConfig(NORMS)
    return (
        Stage(COUNTS, ComplexityConfig(), (0,)),
        Stage(EDGES, ComplexityConfig(EDGES), (0, 1, 2)),
        Stage(TIMES, timed, (0, 1, 2), exclusive=True),
        Stage(NORMS, trained if budget == "quick" else replace(trained, steps=2000), (0, 1, 2)),
    )
