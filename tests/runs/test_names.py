"""A run's name says what is not default, and never changes between versions."""

from dataclasses import dataclass, field, make_dataclass

from hypothesis import given
from hypothesis import strategies as st

from rewire.runs import run_directory, run_name


@dataclass(frozen=True)
class Optimizer:
    lr: float = 1e-3
    name: str = "adam"


@dataclass(frozen=True)
class Config:
    model: str = "gated"
    speed: str = "4T"
    widths: tuple[int, ...] = (300, 100)
    noise: float = 0.0
    limit: int | None = None
    optimizer: Optimizer = field(default_factory=Optimizer)


def test_names_are_pinned():
    """A changed hash would orphan everybody's finished runs."""
    assert run_name(Config()) == "default-44136f"
    assert run_name(Config(model="separate", speed="3T")) == "model=separate,speed=3T-aa6352"
    assert run_name(Config(widths=(3, 4), limit=7)) == "widths=3+4,limit=7-4adc67"
    assert run_name(Config(optimizer=Optimizer(lr=0.1))) == "optimizer=Optimizer,optimizer.lr=0.1-09e92c"


def test_a_new_field_with_a_default_renames_nothing():
    later = make_dataclass("Later", [("model", str, "gated"), ("extra", int, 3)], frozen=True)
    assert run_name(later(model="shared")) == run_name(Config(model="shared"))


def test_a_whole_number_in_a_float_field_is_that_float():
    assert run_name(Config(noise=1)) == run_name(Config(noise=1.0))


def test_names_are_safe_and_short(tmp_path):
    name = run_name(Config(model="../a b/" + "x" * 300))
    assert len(name) <= 90
    assert not set(name) & set("/ \\:*")
    directory = run_directory(tmp_path, "light-switch/colours", Config(model=".."), 3)
    assert directory.parent.parent == tmp_path / "light-switch" / "colours"
    assert directory.name == "seed3"


configs = st.builds(
    Config,
    model=st.sampled_from(["gated", "shared"]),
    widths=st.lists(st.integers(0, 3), max_size=2).map(tuple),
    noise=st.sampled_from([0.0, 0.1, 1.0]),
    limit=st.none() | st.integers(0, 2),
    optimizer=st.builds(Optimizer, lr=st.sampled_from([1e-3, 0.1])),
)


@given(configs, configs)
def test_names_are_equal_exactly_when_configs_are(one, other):
    assert (run_name(one) == run_name(other)) == (one == other)
