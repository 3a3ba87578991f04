"""Records survive torn writes, and a resumed run's file is the uninterrupted one's."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rewire.runs import JsonLines, Records, read_records


def rows(n: int) -> list[dict]:
    return [{"step": step, "task": "red", "loss": 1 / (step + 3)} for step in range(n)]


def test_what_is_written_is_read_to_the_last_bit(tmp_path):
    sink = JsonLines(tmp_path / "m.jsonl")
    values = [0.1, 1e-310, -0.0, math.pi, float("inf")]
    for value in values:
        sink.write({"x": value})
    sink.close()
    assert [row["x"].hex() for row in read_records(sink.path)] == [value.hex() for value in values]


def test_tensors_and_numpy_numbers_become_numbers_and_the_rest_is_refused(tmp_path):
    sink = JsonLines(tmp_path / "m.jsonl")
    sink.write({"a": torch.tensor(0.5), "b": np.float32(0.25), "c": np.int64(3)})
    assert read_records(sink.path) == [{"a": 0.5, "b": 0.25, "c": 3}]
    with pytest.raises(TypeError, match="must be numbers, text, lists or None; got object"):
        sink.write({"a": object()})
    assert sink.count == 1


def test_each_record_is_watched(tmp_path):
    seen = []
    sink = JsonLines(tmp_path / "m.jsonl", watch=seen.append)
    sink.write({"step": 1})
    assert seen == [{"step": 1}]


@given(written=st.integers(0, 6), data=st.data())
def test_killed_anywhere_and_resumed_gives_the_same_file(tmp_path_factory, written, data):
    """With a checkpoint at any step or none, and any number of the bytes written after it lost or torn."""
    directory = tmp_path_factory.mktemp("run")
    whole, path = JsonLines(directory / "whole"), directory / "m.jsonl"
    for row in rows(8):
        whole.write(row)
    killed = JsonLines(path)
    for row in rows(written):
        killed.write(row)
    saved = data.draw(st.integers(0, written), label="records at the checkpoint")
    content = path.read_bytes() if written else b""
    ends = [0, *(i + 1 for i, byte in enumerate(content) if byte == ord("\n"))]
    path.write_bytes(content[: data.draw(st.integers(ends[saved], ends[-1]), label="bytes that reached the disk")])

    resumed = JsonLines(path)
    resumed.truncate(saved - 1)
    assert resumed.count == saved
    for row in rows(8)[saved:]:
        resumed.write(row)
    resumed.close()
    assert path.read_bytes() == whole.path.read_bytes()


@given(st.integers(0, 5), st.integers(-1, 9))
def test_truncate_keeps_the_records_up_to_a_step(tmp_path_factory, written, step):
    path = tmp_path_factory.mktemp("run") / "m.jsonl"
    for row in rows(written):
        sink = JsonLines(path)
        sink.truncate(100)
        sink.write(row)
    sink = JsonLines(path)
    sink.truncate(step)
    sink.close()
    assert read_records(path) == [row for row in rows(written) if row["step"] <= step]


def test_two_trainings_and_a_summary_in_one_run_resume_from_any_checkpoint(tmp_path):
    """The steps of the second training fall back to 0; the summary has none and is written again."""
    first, second, summary = rows(3), rows(2), {"bytes": 7}
    path = tmp_path / "m.jsonl"

    def run(steps: tuple[int, int]) -> list[dict]:
        sink = JsonLines(path)
        sink.write({"parameters": 5})
        for training, step in zip((first, second), steps):
            sink.truncate(step)
            for row in training[step + 1 :]:
                sink.write(row)
        sink.write(summary)
        sink.close()
        return read_records(path)

    uninterrupted = [{"parameters": 5}, *first, *second, summary]
    for steps in [(-1, -1), (0, -1), (2, -1), (2, 0), (2, 1)]:
        assert run(steps) == uninterrupted


def test_a_run_that_starts_over_with_other_records_drops_the_old_ones(tmp_path):
    path = tmp_path / "m.jsonl"
    old = JsonLines(path)
    for row in rows(3):
        old.write(row)
    new = JsonLines(path)
    new.write(rows(1)[0])
    assert read_records(path) == rows(3)  # equal so far: nothing is lost should it be killed now
    new.write({"step": 1, "loss": 9.0})
    assert read_records(path) == [rows(1)[0], {"step": 1, "loss": 9.0}]
    JsonLines(path).close()
    assert read_records(path) == []


def test_a_broken_line_inside_is_named_and_a_torn_last_one_ignored(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"step": 1}\n{"st')
    assert read_records(path) == [{"step": 1}]
    for broken in ("{", "[1]"):
        path.write_text(f'{{"step": 1}}\n{broken}\n{{"step": 2}}\n')
        with pytest.raises(ValueError, match=r"m\.jsonl line 2 must be a JSON object"):
            read_records(path)
    assert read_records(tmp_path / "none") == []


def test_the_table_answers_questions():
    results = [{"seed": seed, "step": step, "accuracy": seed + step / 10} for seed in (0, 1) for step in (1, 2)]
    table = Records([*results, {"bytes": 8}])
    assert len(table) == 5
    assert table.where(step=2).values("accuracy") == [0.2, 1.2]
    assert table.where(step=2, seed=1).values("accuracy") == [1.2]
    assert len(table.where(colour=None)) == 0
    assert {seed: group.values("step") for seed, group in table.by("seed").items()} == {0: [1, 2], 1: [1, 2]}
    assert [row["bytes"] for row in table if "bytes" in row] == [8]
